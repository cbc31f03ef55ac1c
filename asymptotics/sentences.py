"""How names and sentences are written for readers: titles, and the plain text of statements set as type.

Statements, regimes and meanings are ASCII in the catalogue, so that they can be typed and searched:
``|mu_hat - mu|^2/d``. Pages and terminals show |μ̂ − μ|²/d, and books its LaTeX; neither is typed a second time.
What has no such form is LaTeX between dollar signs.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from textwrap import fill

TOPICS = {
    "limited_samples": "Learning a flow from n samples",
    "phases": "Phases of learning under time dilation",
    "balance": "The balance of modes in energy-based models",
}
"""What each room is about."""


def topic_title(room: str) -> str:
    """The heading of a room's formulas; of one's own rooms, the name."""
    return TOPICS.get(room, room.replace("_", " ").capitalize())


def short_name(name: str) -> str:
    """Return a formula's name without its topic: ``mean_error``, ``mean_error.fluctuation``."""
    return name.split(".", 1)[-1]


def title(name: str) -> str:
    """Return a formula's short name as a heading: ``Mean error``, ``KL divergence``."""
    words = re.sub(r"[._]", " ", short_name(name)).capitalize()
    for spelled_out, short in (
        ("Kl ", "KL "), ("Imh ", "IMH "), ("Ula ", "ULA "), ("Mmse", "MMSE"), (" sde ", " SDE "), (" ode ", " ODE "),
    ):
        words = words.replace(spelled_out, short)
    return words.replace("gaussian", "Gaussian").replace("kramers", "Kramers")


_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}
_NAMES = "|".join(_GREEK)
_RULES = (
    (r"\bmu_hat\b", "μ̂"),
    (rf"\bd({_NAMES})(?=/)", lambda m: _GREEK[m[1]] + "̇"),
    # Inner products, before letters become Greek: w.mu, x0.x1, X_t.eta.
    (rf"\b(w|u|mu|offset|x0|S0|X_t)\.(?=(?:{_NAMES}|x|X_0|x_t|x1|S1)\b)", r"\1·"),
    (rf"(?<![\w.])(q_)?({_NAMES})(?!\w|\.\w| method)", lambda m: (m[1] or "") + _GREEK[m[2]]),
    (r"\b([xXS])_?([01])\b", lambda m: m[1] + "₀₁"[int(m[2])]),
    (r"\b([xX])_t\b", r"\1ₜ"),
    (r"\^([24])", lambda m: {"2": "²", "4": "⁴"}[m[1]]),
    (r"\bsqrt\((\w)\)", r"√\1"),
    (r"\bsqrt\(", "√("),
    (r"√d x ", "√d × "),
    (r"\bsum (?=\||s |E\||x₀)", "Σ "),
    (r"-> infinity", "→ ∞"),
    (r"->", "→"), (r"<<", "≪"), (r"<=", "≤"), (r">=", "≥"), (r"\+-", "±"), (r"\|\|", "∥"), (r" - ", " − "),
    (r"\b1-(?=[pw]\b)", "1 − "), (r"(?<=to )-(?=;)", "−"),
)


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Parts of a sentence, and whether each is LaTeX, which stands between dollar signs."""
    for number, part in enumerate(re.split(r"\$([^$]+)\$", text)):
        if part:
            yield part, number % 2 == 1


def unicode_text(text: str) -> str:
    """Plain text with the field's letters and signs: ``sigma -> infinity`` is σ → ∞."""
    return "".join(plain(part) if latex else _unicode(part) for part, latex in pieces(text))


def _unicode(text: str) -> str:
    for pattern, sign in _RULES:
        text = re.sub(pattern, sign, text)
    return text


_COMMANDS = {
    **{letter: f"\\{name}" for name, letter in _GREEK.items()}, "Σ": r"\sum",
    "₀": "_0", "₁": "_1", "ₜ": "_t", "²": "^2", "⁴": "^4", "·": r"\cdot ", "×": r"\times ", "∞": r"\infty", "→": r"\to",
    "≤": r"\le", "≥": r"\ge", "≪": r"\ll", "±": r"\pm", "∥": r"\|", "−": "-", "|": "|", "<": "<", ">": ">",
}
_ESCAPES = {
    "\\": r"\textbackslash{}", "_": r"\_\allowbreak{}", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$",
    "^": r"\^{}", "~": r"\textasciitilde{}", "{": r"\{", "}": r"\}",
}


def latex_text(text: str) -> str:
    """Plain text for LaTeX: everything special escaped, letters and signs as mathematics."""
    return "".join(f"${part}$" if latex else _latex(part) for part, latex in pieces(text))


def _latex(text: str) -> str:
    parts = re.split(r"(√(?:\w|\([^()]*\))|.[̂̇]?)", _unicode(text), flags=re.DOTALL)
    return "".join(_latex_piece(part) for part in parts if part)


def latex_verbatim(text: str) -> str:
    """Names as they are typed, for LaTeX: special characters escaped, nothing else."""
    return "".join(_ESCAPES.get(mark, mark) for mark in text)


# Besides ASCII, the above and accented letters of Latin-1, what a plain pdflatex knows.
_TYPOGRAPHY = "“”‘’–—…"


def check_sentence(text: str, owner: str) -> None:
    """ValueError unless the text can be set as type on pages, in terminals and by pdflatex."""
    if not isinstance(text, str):
        raise TypeError(f"{owner} is {text!r}; it must be text")
    if text.isascii() and text.isprintable() and "$" not in text:
        return  # as all of ours are, which are looked at in every import
    if text.count("$") % 2:
        raise ValueError(f"{owner}: a dollar sign begins or ends mathematics, and one is alone: {text!r}")
    for part, latex in pieces(text):
        if latex:
            check_braces(part, owner)
        elif odd := next((mark for mark in _unicode(part) if not _is_known(mark)), None):
            raise ValueError(f"{owner} holds {odd!r}, which pdflatex does not know as text; write it as LaTeX between "
                             "dollar signs")


def check_braces(text: str, owner: str) -> None:
    """ValueError unless the braces of some LaTeX match."""
    depth = 0
    for mark in re.sub(r"\\.", "", text):
        depth += (mark == "{") - (mark == "}")
        if depth < 0:
            break
    if depth:
        raise ValueError(f"{owner}: the braces of {text!r} do not match")


def _is_known(mark: str) -> bool:
    printed = mark in _COMMANDS or mark in _TYPOGRAPHY or mark in "\u0302\u0307√"
    return printed or (mark.isascii() and mark.isprintable()) or "À" <= mark <= "ÿ"


def _latex_piece(piece: str) -> str:
    if piece[0] == "√" and len(piece) > 1:
        inner = "".join(_COMMANDS.get(mark, mark) for mark in piece[1:].removeprefix("(").removesuffix(")"))
        return rf"\ensuremath{{\sqrt{{{inner}}}}}"
    if piece[0] in _COMMANDS:
        accent = {"̂": r"\hat", "̇": r"\dot"}.get(piece[1:], "")
        return rf"\ensuremath{{{accent}{_COMMANDS[piece[0]]}}}"
    return _ESCAPES.get(piece, piece)


_PLAIN = {
    r"\varphi": "φ", r"\varsigma": "ς", r"\alpha": "α", r"\beta": "β", r"\lambda": "λ", r"\sigma": "σ", r"\mu": "μ",
    r"\xi": "ξ", r"\eta": "η", r"\Delta": "Δ", r"\Gamma": "Γ", r"\delta": "δ", r"\rho": "ρ", r"\pi": "π",
    r"\to": "→", r"\infty": "∞", r"\cdot": "·", r"\ge": "≥", r"\le": "≤", r"\sum": "Σ", r"\ln": "ln",
    r"\mapsto": "↦", r"\sim": "~", r"\,": " ", r"\;": " ", r"\quad": " ", r"\hat": "^", r"\dot": "d",
    r"\bar": "¯", r"\sqrt": "√", r"\frac12": "½", r"\mathcal": "", r"\mathrm": "", r"\tfrac12": "½",
    r"\pm": "±", r"\nu": "ν", r"\kappa": "κ", r"\omega": "ω", r"\tau": "τ", r"\ell": "ℓ", r"\tanh": "tanh",
    r"\epsilon": "ε", r"\gamma": "γ", r"\theta": "θ", r"\chi": "χ", r"\Phi": "Φ", r"\Sigma": "Σ", r"\nabla": "∇",
    r"\log": "log", r"\min": "min", r"\det": "det", r"\top": "ᵀ", r"\sin": "sin",
    r"\cos": "cos", r"\lim": "lim", r"\times": "×", r"\propto": "∝",
}


def plain(text: str) -> str:
    """A sentence with LaTeX mathematics, for a terminal."""
    text = re.sub(r"\\(hat|dot|bar) ?(\\[a-zA-Z]+|[a-zA-Z])", lambda m: _accent(m[1], m[2].strip("\\")), text)
    text = text.replace(r"\mathcal{E}", "ℰ ").replace(r"\mathcal{N}", "N")
    text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", text)
    for command in sorted(_PLAIN, key=len, reverse=True):
        text = text.replace(command, _PLAIN[command])
    return re.sub(r"[${}]", "", text).replace("^2", "²").replace("^3", "³")


def _accent(kind: str, letter: str) -> str:
    mark = {"hat": "\u0302", "dot": "\u0307", "bar": "\u0304"}[kind]
    return _PLAIN.get("\\" + letter, letter) + mark


def columns() -> int:
    """How wide prose is: as the terminal, 100 at most."""
    return min(shutil.get_terminal_size((100, 24)).columns, 100)


def paragraph(text: str, first: str, others: str, width: int | None = None) -> str:
    """The text within ``width`` columns (`columns` of them), after these indents."""
    return fill(text, columns() if width is None else width, initial_indent=first, subsequent_indent=others,
                break_on_hyphens=False, break_long_words=False)
