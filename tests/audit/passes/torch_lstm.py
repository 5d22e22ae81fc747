"""An LSTM as a PyTorch function with a backward pass of its own."""

import torch


class LSTMFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, h0, c0, weight_ih, weight_hh, bias):
        h, c, gates, hs, cs = h0, c0, [], [h0], [c0]
        for x_t in x:
            i, f, g, o = (x_t @ weight_ih.T + h @ weight_hh.T + bias).chunk(4, dim=1)
            i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
            c = f * c + i * g
            h = o * torch.tanh(c)
            gates.append(torch.stack((i, f, g, o)))
            hs.append(h)
            cs.append(c)
        ctx.save_for_backward(x, weight_ih, weight_hh, torch.stack(gates), torch.stack(hs), torch.stack(cs))
        return torch.stack(hs[1:])

    @staticmethod
    def backward(ctx, grad_output):
        x, weight_ih, weight_hh, gates, hs, cs = ctx.saved_tensors
        dh, dc = torch.zeros_like(hs[0]), torch.zeros_like(cs[0])
        dx = torch.zeros_like(x)
        dw_ih, dw_hh, db = torch.zeros_like(weight_ih), torch.zeros_like(weight_hh), 0
        for t in reversed(range(len(x))):
            i, f, g, o = gates[t]
            tanh_c = torch.tanh(cs[t + 1])
            dh = dh + grad_output[t]
            dc = dc + dh * o * (1 - tanh_c**2)
            da = torch.cat(
                (
                    dc * g * i * (1 - i),
                    dc * cs[t] * f * (1 - f),
                    dc * i * (1 - g**2),
                    dh * tanh_c * o * (1 - o),
                ),
                dim=1,
            )
            dx[t] = da @ weight_ih
            dw_ih += da.T @ x[t]
            dw_hh += da.T @ hs[t]
            db = db + da.sum(dim=0)
            dh = da @ weight_hh
            dc = dc * f
        return dx, dh, dc, dw_ih, dw_hh, db
