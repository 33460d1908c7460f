"""What window and block attention are, in plain loops over queries: the specification of their methods."""

import torch


def masked_attention(q, k, v, seen, scale=None):
    """Attention of q [B, H, n, D] over k, v [B, G, N, D] where `seen(b, h, query)` lists the positions it sees."""
    B, H, n, D = q.shape
    N, r = k.shape[2], H // k.shape[1]
    scale = D**-0.5 if scale is None else scale
    out = torch.zeros_like(q)
    for b in range(B):
        for h in range(H):
            for i in range(n):
                places = seen(b, h, N - n + i)
                weights = (q[b, h, i] @ k[b, h // r, places].T * scale).softmax(-1)
                out[b, h, i] = weights @ v[b, h // r, places]
    return out


def inputs(B=2, H=4, G=2, N=40, D=8, seed=0):
    """Random q, k and v in float64."""
    rng = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(B, heads, N, D, generator=rng, dtype=torch.float64) for heads in (H, G, G))
