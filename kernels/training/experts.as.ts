// A mixture of experts: each token goes through the few that its router likes best. Forwards and backwards; rows of tokens are
// put side by side for each expert, so that its products are as long as the tokens it has. As Mixtral: Jiang et al., arXiv 2401.04088.
import { sum } from './exp.as';

// X [M,K], router [E,K] → scores [M,E] = X · routerᵀ
export function scoreExperts(X: usize, router: usize, scores: usize, M: i32, K: i32, E: i32): void {
  for (let m = 0; m < M; m++) {
    const x = X + ((m * K) << 2);
    for (let e = 0; e < E; e++) {
      const w = router + ((e * K) << 2);
      let products = f32x4.splat(0);
      for (let i = 0; i < K << 2; i += 16) products = f32x4.add(products, f32x4.mul(v128.load(x + i), v128.load(w + i)));
      store<f32>(scores + ((m * E + e) << 2), sum(products));
    }
  }
}

// probabilities [M,E] → the `per` largest of each token, chosen [M,per], the first of equal ones first, and what share of the
// output each has, shares [M,per]: they add up to 1
export function chooseExperts(probabilities: usize, chosen: usize, shares: usize, M: i32, E: i32, per: i32): void {
  for (let m = 0; m < M; m++) {
    const p = probabilities + ((m * E) << 2);
    const picked = chosen + ((m * per) << 2);
    const share = shares + ((m * per) << 2);
    let total: f32 = 0;
    for (let i = 0; i < per; i++) {
      let best = -1;
      for (let e = 0; e < E; e++) {
        let isTaken = false;
        for (let j = 0; j < i; j++) isTaken = isTaken || load<i32>(picked + (j << 2)) == e;
        if (!isTaken && (best < 0 || load<f32>(p + (e << 2)) > load<f32>(p + (best << 2)))) best = e;
      }
      store<i32>(picked + (i << 2), best);
      store<f32>(share + (i << 2), load<f32>(p + (best << 2)));
      total += load<f32>(p + (best << 2));
    }
    for (let i = 0; i < per; i++) store<f32>(share + (i << 2), load<f32>(share + (i << 2)) / total);
  }
}

// chosen [M,per] → choices [M·per]: their numbers, those of the first expert before those of the second, and ends [E]: where
// each expert's end
export function groupChoices(chosen: usize, choices: usize, ends: usize, count: i32, E: i32): void {
  let next = 0;
  for (let e = 0; e < E; e++) {
    for (let i = 0; i < count; i++) {
      if (load<i32>(chosen + (i << 2)) != e) continue;
      store<i32>(choices + (next << 2), i);
      next++;
    }
    store<i32>(ends + (e << 2), next);
  }
}

export function endOfChoices(ends: usize, expert: i32): i32 {
  return load<i32>(ends + (expert << 2));
}

// X [M,K] → Y [count,K]: the row of each choice's token
export function gatherTokens(X: usize, choices: usize, Y: usize, count: i32, K: i32, per: i32): void {
  for (let i = 0; i < count; i++) {
    const token = load<i32>(choices + (i << 2)) / per;
    memory.copy(Y + ((i * K) << 2), X + ((token * K) << 2), K << 2);
  }
}

// Y [count,K] → X [M,K], each row added to its token's
export function scatterTokens(Y: usize, choices: usize, X: usize, count: i32, K: i32, per: i32): void {
  for (let i = 0; i < count; i++) {
    const token = load<i32>(choices + (i << 2)) / per;
    addScaled(X + ((token * K) << 2), Y + ((i * K) << 2), 1, K);
  }
}

// The same times the choice's share
export function mixExperts(Y: usize, choices: usize, shares: usize, X: usize, count: i32, K: i32, per: i32): void {
  for (let i = 0; i < count; i++) {
    const choice = load<i32>(choices + (i << 2));
    addScaled(X + (((choice / per) * K) << 2), Y + ((i * K) << 2), load<f32>(shares + (choice << 2)), K);
  }
}

function addScaled(x: usize, y: usize, scale: f32, K: i32): void {
  const scale4 = f32x4.splat(scale);
  for (let i = 0; i < K << 2; i += 16) {
    v128.store(x + i, f32x4.add(v128.load(x + i), f32x4.mul(v128.load(y + i), scale4)));
  }
}

// dX [M,K] and experts' outputs Y [count,K] → dY [count,K] and dShares [M,per]
export function mixExpertsGradient(
  dX: usize, Y: usize, choices: usize, shares: usize, dY: usize, dShares: usize, count: i32, K: i32, per: i32,
): void {
  for (let i = 0; i < count; i++) {
    const choice = load<i32>(choices + (i << 2));
    const slope = dX + (((choice / per) * K) << 2);
    const y = Y + ((i * K) << 2);
    const to = dY + ((i * K) << 2);
    const share = f32x4.splat(load<f32>(shares + (choice << 2)));
    let products = f32x4.splat(0);
    for (let k = 0; k < K << 2; k += 16) {
      products = f32x4.add(products, f32x4.mul(v128.load(slope + k), v128.load(y + k)));
      v128.store(to + k, f32x4.mul(v128.load(slope + k), share));
    }
    store<f32>(dShares + (choice << 2), sum(products));
  }
}

// dShares [M,per] → dScores [M,E], and in it the gradient of balance·E·Σ f·P, summed over the tokens, where f is an expert's share
// of all choices and P its mean probability: Fedus et al., Switch Transformers, arXiv 2101.03961, §2.2, for several a token
export function chooseExpertsGradient(
  probabilities: usize, chosen: usize, shares: usize, dShares: usize, ends: usize, dScores: usize, M: i32, E: i32, per: i32,
  balance: f32,
): void {
  for (let m = 0; m < M; m++) {
    const p = probabilities + ((m * E) << 2);
    const slope = dScores + ((m * E) << 2);
    let crowding: f32 = 0;
    for (let e = 0; e < E; e++) crowding += load<f32>(p + (e << 2)) * crowdingOf(ends, e, E);
    for (let e = 0; e < E; e++) {
      const away = load<f32>(p + (e << 2)) * (crowdingOf(ends, e, E) - crowding);
      store<f32>(slope + (e << 2), balance * away);
    }
    const picked = chosen + ((m * per) << 2);
    const share = shares + ((m * per) << 2);
    const dShare = dShares + ((m * per) << 2);
    let mean: f32 = 0;
    for (let i = 0; i < per; i++) mean += load<f32>(share + (i << 2)) * load<f32>(dShare + (i << 2));
    for (let i = 0; i < per; i++) {
      const at = slope + (load<i32>(picked + (i << 2)) << 2);
      store<f32>(at, load<f32>(at) + load<f32>(share + (i << 2)) * (load<f32>(dShare + (i << 2)) - mean));
    }
  }
}

// 1 where all experts have as many choices
@inline
function crowdingOf(ends: usize, e: i32, E: i32): f32 {
  const before = e == 0 ? 0 : load<i32>(ends + ((e - 1) << 2));
  const all = load<i32>(ends + ((E - 1) << 2));
  return <f32>(E * (load<i32>(ends + (e << 2)) - before)) / <f32>all;
}
