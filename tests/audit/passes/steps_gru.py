"""One step back through a GRU; whoever calls it adds up the gradients of the weights."""


def gru_step_backward(dy, dh_next, x, h_prev, r, z, n, params):
    p = params
    dh = dy + dh_next
    dn = dh * (1 - z)
    dz = dh * (h_prev - n)
    dan = dn * (1 - n * n)
    drh = dan @ p.U_n
    dr = drh * h_prev
    dar = dr * r * (1 - r)
    daz = dz * z * (1 - z)
    dx = dan @ p.W_n + daz @ p.W_z + dar @ p.W_r
    dh_prev = dh * z + drh * r + daz @ p.U_z + dar @ p.U_r
    grads = {"dW_n": dan.T @ x, "dU_n": dan.T @ (r * h_prev), "db_n": dan.sum(0)}
    grads.update({"dW_z": daz.T @ x, "dU_z": daz.T @ h_prev, "db_z": daz.sum(0)})
    grads.update({"dW_r": dar.T @ x, "dU_r": dar.T @ h_prev, "db_r": dar.sum(0)})
    return {"dx": dx, "dh_prev": dh_prev, **grads}
