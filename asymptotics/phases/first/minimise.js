(() => {
  // The twin of minimise.py and what it calls, one point at a time, for pages; _erf is of the explorer's runtime.js.
  // A jet is [F, dF/domega, dF/db, and the second derivatives in omega omega, omega b, b b].
  const SPLIT = 0.25, SLOPE = 0.886226925452758;

  // tanh, its first five derivatives, and tanh^2.
  function derivatives(x) {
    const decay = Math.exp(-2 * Math.abs(x)), t = Math.sign(x) * (1 - decay) / (1 + decay);
    const first = 4 * decay / (1 + decay) ** 2, second = -2 * t * first, third = first * (4 - 6 * first);
    return [t, first, second, third, second * (4 - 12 * first), third * (4 - 12 * first) - 12 * second ** 2, t * t];
  }
  const normal = Array.from({ length: 45 }, (_, k) => (k - 22) * 0.4)
    .map((z) => [z, Math.exp(-(z ** 2) / 2) * 0.4 / Math.sqrt(2 * Math.PI)]);
  // tanh does not decay, but its difference from an error function does, whose mean is known.
  const table = Array.from({ length: 207 }, (_, k) => {
    const x = (k - 103) * 0.2, row = derivatives(x);
    return [row[0] - _erf(SLOPE * x), ...row.slice(1, 6)].map((y) => 0.2 * y);
  });
  // Their means over a + sqrt(r) z.
  function means(a, r) {
    const total = [0, 0, 0, 0, 0, 0, 0], spread = Math.sqrt(r);
    if (r < SPLIT) {
      for (const [z, weight] of normal) {
        const row = derivatives(a + spread * z);
        for (let k = 0; k < 7; k += 1) total[k] += weight * row[k];
      }
      return total;
    }
    const first = Math.max(0, Math.ceil((a - 9 * spread) / 0.2) + 103);
    const last = Math.min(206, Math.floor((a + 9 * spread) / 0.2) + 103), height = 1 / (Math.sqrt(2 * Math.PI) * spread);
    for (let i = first; i <= last; i += 1) {
      const row = table[i], density = height * Math.exp(-(((i - 103) * 0.2 - a) ** 2) / (2 * r));
      for (let k = 0; k < 6; k += 1) total[k] += density * row[k];
    }
    total[0] += _erf(SLOPE * a / Math.sqrt(1 + 2 * SLOPE ** 2 * r));
    total[6] = 1 - total[1];
    return total;
  }

  function problem(point) {
    const { n_plus, n_minus, sigma, ridge_u } = point;
    const up = 1 + sigma ** 2 / (2 * n_plus), down = 1 + sigma ** 2 / (2 * n_minus), n = n_plus + n_minus;
    const trivial = -((n_plus - n_minus) ** 2 + sigma ** 2 * n) / (2 * (ridge_u + n));
    return { ...point, up, down, v: (up + down) / 2, n, trivial };
  }
  function classes(p, omega, b) {
    const r = omega ** 2 * p.v;
    return [means(b + p.s * omega * p.up, r), means(b - p.s * omega * p.down, r)];
  }
  function read(p, plus, minus) {
    const denominator = p.ridge_u + p.n_plus * plus[6] + p.n_minus * minus[6];
    const m = (p.n_plus * plus[0] - p.n_minus * minus[0]) / denominator;
    const noise = p.n_plus * plus[0] ** 2 + p.n_minus * minus[0] ** 2;
    return { denominator, m, q: m ** 2 + p.sigma ** 2 * noise / denominator ** 2 };
  }

  function gained(p, plus, minus) {
    const noise = p.n_plus * plus[0] ** 2 + p.n_minus * minus[0] ** 2;
    return (p.n_plus * plus[0] - p.n_minus * minus[0]) ** 2 + p.sigma ** 2 * noise;
  }

  const sum = (a, x, b, y) => x.map((each, k) => a * each + b * y[k]);
  // The heat equation turns derivatives in the variance into half of second derivatives in the mean.
  function inner(phi, k, shift, omega, v) {
    const drift = omega * v;
    return [phi[k], shift * phi[k + 1] + drift * phi[k + 2], phi[k + 1],
      (shift ** 2 + v) * phi[k + 2] + 2 * shift * drift * phi[k + 3] + drift ** 2 * phi[k + 4],
      shift * phi[k + 2] + drift * phi[k + 3], phi[k + 2]];
  }
  function chain([, x, y, xx, xy, yy], value, first, second) {
    return [value, first * x, first * y,
      first * xx + second * x * x, first * xy + second * x * y, first * yy + second * y * y];
  }
  const square = (jet) => chain(jet, jet[0] ** 2, 2 * jet[0], 2);
  function product([p, px, py, pxx, pxy, pyy], [q, qx, qy, qxx, qxy, qyy]) {
    return [p * q, px * q + p * qx, py * q + p * qy, pxx * q + 2 * px * qx + p * qxx,
      pxy * q + px * qy + py * qx + p * qxy, pyy * q + 2 * py * qy + p * qyy];
  }
  // The jet, and whether the point has left for the trivial branch: tanh is one constant, or, without a ridge on u, linear.
  function jets(p, omega, b) {
    const [plus, minus] = classes(p, omega, b), shifts = [p.s * p.up, -p.s * p.down];
    const f_plus = inner(plus, 0, shifts[0], omega, p.v), f_minus = inner(minus, 0, shifts[1], omega, p.v);
    const g_plus = inner(plus, 1, shifts[0], omega, p.v), g_minus = inner(minus, 1, shifts[1], omega, p.v);
    const below = sum(-p.n_plus, g_plus, -p.n_minus, g_minus);
    below[0] = p.ridge_u + p.n_plus * plus[6] + p.n_minus * minus[6];
    const inverse = chain(below, 1 / below[0], -1 / below[0] ** 2, 2 / below[0] ** 3);
    const noise = sum(p.n_plus, square(f_plus), p.n_minus, square(f_minus));
    const gain = sum(1, square(sum(p.n_plus, f_plus, -p.n_minus, f_minus)), p.sigma ** 2, noise);
    const jet = product(gain, inverse).map((each) => -each / 2), weight = p.ridge_w * p.v;
    jet[0] += weight * omega ** 2 / 2; jet[1] += weight * omega; jet[3] += weight;
    const gone = Math.max(plus[1], minus[1]) < 1e-11 && plus[0] * minus[0] > 0;
    return { jet, gone: gone || (p.ridge_u === 0 && Math.max(plus[6], minus[6]) < 1e-8) };
  }

  // Nine sizes of omega and both signs of b, with the best of seven sizes of b.
  function starts(p) {
    const high = Math.min(Math.max(p.s, 1 / p.s) * 1.2, Math.sqrt((p.n + p.sigma ** 2) / p.ridge_w));
    const low = Math.min(Math.min(p.s, 1 / p.s) / 4, high / 4), found = [];
    for (let k = 0; k < 9; k += 1) {
      const size = low * (high / low) ** (k / 8) / Math.sqrt(p.v);
      for (const sign of [1, -1]) {
        const tried = [0.05, 0.25, 0.6, 1, 1.6, 2.5, 4].map((height) => {
          const b = sign * height * Math.max(1, p.s * size / 2), [plus, minus] = classes(p, size, b);
          return [gained(p, plus, minus) / read(p, plus, minus).denominator, b];
        });
        found.push([size, tried.reduce((best, each) => (each[0] > best[0] ? each : best))[1]]);
      }
    }
    return found;
  }
  // Newton's step in (omega/scale, b) with the Hessian's eigenvalues made positive, the lowest of them, the slope.
  function newton(jet, scale) {
    const gx = jet[1] * scale, gy = jet[2], xx = jet[3] * scale ** 2, xy = jet[4] * scale, yy = jet[5];
    const angle = Math.atan2(2 * xy, xx - yy) / 2, cos = Math.cos(angle), sin = Math.sin(angle);
    const centre = (xx + yy) / 2, radius = Math.hypot((xx - yy) / 2, xy), large = centre + (centre < 0 ? -radius : radius);
    // The smaller eigenvalue as determinant/other: towards the trivial branch it decays like exp(-2|b|).
    const small = (xx * yy - xy ** 2) / (large === 0 ? 1 : large);
    const upper = Math.max(large, small), lower = Math.min(large, small);
    const first = -(cos * gx + sin * gy) / Math.max(Math.abs(upper), 1e-300);
    let second = -(cos * gy - sin * gx) / Math.max(Math.abs(lower), 1e-300);
    if (lower < -1e-11 * Math.abs(upper) && Math.abs(second) < 1e-3) second = second < 0 ? -0.05 : 0.05;
    const step = [cos * first - sin * second, sin * first + cos * second];
    return { step, lower, slope: gx * step[0] + gy * step[1] };
  }
  // A local minimum by steps inside a trust region, taken only where F does not rise; kind as in minimise.py: 1 found,
  // 2 left for the trivial branch, 0 not converged.
  function descend(p, omega, b) {
    const scale = 1 / Math.max(Math.sqrt(p.v), p.s * Math.max(p.up, p.down));
    let { jet, gone } = jets(p, omega, b), radius = 1;
    for (let k = 0; k < 150 && radius > 1e-13; k += 1) {
      if (gone) return { omega, b, value: jet[0], kind: 2 };
      const { step, lower, slope } = newton(jet, scale);
      let length = Math.hypot(...step);
      // Close, or so flat that the rounding of F hides what is left.
      const found = lower > 0 && (length < 1e-7 || (length < 0.01 && -slope < 1e-16 * Math.abs(jet[0])));
      if (found) return { omega, b, value: jet[0], kind: 1 };
      const cut = Math.min(1, radius / Math.max(length, 1e-300)), sx = step[0] * cut * scale, sy = step[1] * cut;
      length = Math.min(length, radius);
      const flip = omega + sx < 0 ? -1 : 1, tried = jets(p, (omega + sx) * flip, (b + sy) * flip);  // F is even
      const noise = 4e-15 * Math.abs(jet[0]);
      const expected = jet[1] * sx + jet[2] * sy + (jet[3] * sx ** 2 + 2 * jet[4] * sx * sy + jet[5] * sy ** 2) / 2;
      if (!(tried.jet[0] <= jet[0] + noise)) { radius = length / 4; continue; }
      if (tried.jet[0] - jet[0] <= 0.5 * expected + noise) radius = Math.max(radius, 2 * length);
      [omega, b] = [(omega + sx) * flip, (b + sy) * flip];
      ({ jet, gone } = tried);
    }
    return { omega, b, value: jet[0], kind: 0 };
  }
  function polished(p, { omega, b }) {
    let value;
    for (let k = 0; k < 2; k += 1) {
      const [f, gx, gy, xx, xy, yy] = jets(p, omega, b).jet, determinant = xx * yy - xy ** 2;
      value = f;
      [omega, b] = [omega - (yy * gx - xy * gy) / determinant, b - (xx * gy - xy * gx) / determinant];
    }
    return { omega, b, value };
  }
  // Without a ridge on u, what F falls towards as omega and b vanish and u grows: a generalised eigenvalue.
  function linear(p) {
    if (p.ridge_u !== 0) return 0;
    const up = p.s * p.up, down = p.s * p.down, gap = p.n_plus - p.n_minus, moment = p.n_plus * up + p.n_minus * down;
    const lean = p.n_plus * up - p.n_minus * down, spread = p.n_plus * up ** 2 + p.n_minus * down ** 2, variance = p.sigma ** 2;
    const top = [gap ** 2 + variance * p.n, gap * moment + variance * lean, moment ** 2 + variance * spread];
    const low = [p.n, lean, spread + p.n * p.v], two = low[0] * low[2] - low[1] ** 2;
    const one = top[0] * low[2] + top[2] * low[0] - 2 * top[1] * low[1], none = top[0] * top[2] - top[1] ** 2;
    return -(one + Math.sqrt(Math.max(one ** 2 - 4 * two * none, 0))) / (4 * two);
  }
  // The global minimiser; null where there is none, or where a start that did not converge might have won.
  function solve(p) {
    const trivial = { omega: 0, b: p.n_plus >= p.n_minus ? Infinity : -Infinity, value: p.trivial };
    if (p.s === 0) return trivial;
    const ends = starts(p).map(([omega, b]) => descend(p, omega, b)), found = ends.filter(({ kind }) => kind === 1);
    const floor = linear(p);
    const reached = Math.min(p.trivial, floor, ...ends.filter(({ kind }) => kind > 0).map(({ value }) => value));
    if (ends.some(({ kind, value }) => kind === 0 && !(value >= reached - 1e-12 * Math.abs(reached)))) return null;
    const least = found.length ? found.reduce((low, each) => (each.value < low.value ? each : low)) : null;
    const best = least ? polished(p, least) : trivial;
    if (floor * (1 - 1e-12) < Math.min(best.value, p.trivial, 0)) return null;
    if (!(best.value < p.trivial)) return trivial;
    return p.n_plus === p.n_minus ? { ...best, b: Math.abs(best.b) } : best;
  }
  return (point) => {
    const p = problem(point), least = solve(p);
    if (!least) return null;
    const trivial = !Number.isFinite(least.b), sign = Math.sign(least.b), constant = [sign, 0, 0, 0, 0, 0, 1];
    const { m, q } = trivial ? read(p, constant, constant) : read(p, ...classes(p, least.omega, least.b));
    return { omega: least.omega, b: least.b, r: least.omega ** 2 * p.v, m, q, objective: least.value, branch: trivial };
  };
})()
