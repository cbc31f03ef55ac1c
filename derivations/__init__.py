"""The stories: one script a result, told from statement to comparison; `python -m derivations` tells all."""

from asymptotics.extras import require_installed as _require_installed

_require_installed(
    "derivations need", "torch", "xarray", "h5netcdf", "h5py", "tqdm", "scikit-learn", "matplotlib", "latex2mathml",
    extra="report",
)
