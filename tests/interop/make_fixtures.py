"""Write the files of tests/interop/data. Run by hand where torch is installed: python tests/interop/make_fixtures.py

Tests read what stands there; nothing runs this. A new torch may write other bytes of the same tensors.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

DATA = Path(__file__).parent / "data"


def as_array(tensor: torch.Tensor) -> np.ndarray:
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).detach().numpy()


def expect(name: str, tensors: dict[str, torch.Tensor]) -> None:
    np.savez_compressed(DATA / f"{name}.npz", **{key: as_array(value) for key, value in tensors.items()})


def network() -> torch.nn.LSTM:
    torch.manual_seed(0)
    return torch.nn.LSTM(2, 3, num_layers=2, bidirectional=True)


def numbers() -> dict[str, torch.Tensor]:
    """Every type that is read, and shapes and views of every kind."""
    table = torch.arange(12, dtype=torch.float64).reshape(3, 4) / 7
    return {
        "float64": table,
        "transposed": table.t(),
        "part": table[1:, ::2],
        "float16": torch.tensor([1.5, -0.1, 65504.0], dtype=torch.float16),
        "bfloat16": torch.tensor([[1.0, -3.14], [1e30, 1e-40]], dtype=torch.bfloat16),
        "int64": torch.tensor([2**62, -1]),
        "int32": torch.tensor([2**30, -1], dtype=torch.int32),
        "int16": torch.tensor([2**14, -1], dtype=torch.int16),
        "int8": torch.tensor([127, -128], dtype=torch.int8),
        "uint8": torch.tensor([255, 0], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "number": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
    }


def checkpoint() -> tuple[dict[str, object], dict[str, torch.Tensor]]:
    """What training programs save: weights among other things, with a state of the optimiser."""
    model = torch.nn.Linear(2, 1)
    optimiser = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    optimiser.step()
    saved = {
        "model": model.state_dict(),
        "optimizer": optimiser.state_dict(),
        "epoch": 3,
        "loss": 0.5,
        "best": None,
        "sizes": torch.Size([1, 2]),
        "history": [1.0, torch.ones(2)],
        "shared": model.weight,
    }
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()} | {"shared": model.weight}
    for number, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimizer.state.{number}.{name}": value for name, value in state.items()}
    return saved, tensors


def main() -> None:
    DATA.mkdir(exist_ok=True)
    saved, tensors = checkpoint()
    written = {"lstm": network().state_dict(), "numbers": numbers(), "checkpoint": saved}
    for name, value in written.items():
        expect(name, tensors if name == "checkpoint" else value)
        torch.save(value, DATA / f"{name}.pt")
        torch.save(value, DATA / f"{name}_old.pt", _use_new_zipfile_serialization=False)
    torch.save(network().state_dict(), DATA / "lstm_protocol_4.pt", pickle_protocol=4)
    torch.save(torch.nn.Linear(2, 1), DATA / "whole_model.pt")
    torch.save(torch.nn.Linear(2, 1), DATA / "whole_model_old.pt", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
