"""ONNX as a target: the forward pass as one Scan, in operators that every runtime has."""
