"""Write the ONNX files of tests/interop/data. Run by hand where torch, onnx and onnxscript are installed.

python tests/interop/make_onnx_fixtures.py: each file is what an exporter of PyTorch makes of a tagger, and the .npz
beside it what the tagger reads and gives. Tests read what stands there; nothing runs this.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch

DATA = Path(__file__).parent / "data"


class Tagger(torch.nn.Module):
    """Words, two recurrent layers in both directions, a linear layer."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(7, 3)
        self.layers = getattr(torch.nn, kind)(3, 2, 2, bidirectional=True, batch_first=True)
        self.tags = torch.nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.tags(self.layers(self.words(x))[0]))


def bare(path: Path) -> None:
    """Without what an exporter writes for people: where its own source files lie."""
    model = onnx.load(path)
    del model.metadata_props[:]
    del model.graph.value_info[:], model.graph.metadata_props[:]
    for part in (*model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    path.write_bytes(model.SerializeToString())


def main() -> None:
    for name, kind, graph in (("exported_by_tracing", "GRU", False), ("exported_by_graph", "LSTM", True)):
        torch.manual_seed(0)
        tagger, x = Tagger(kind).eval(), torch.randint(0, 7, (2, 5))
        path = DATA / f"{name}.onnx"
        options = {"external_data": False} if graph else {"dynamic_axes": {"x": [0, 1]}}
        torch.onnx.export(tagger, (x,), path, input_names=["x"], dynamo=graph, **options)
        bare(path)
        np.savez_compressed(DATA / f"{name}.npz", x=x.numpy(), y=tagger(x).detach().numpy())


if __name__ == "__main__":
    main()
