"""The JavaScript target: forward and backward of a cell as one ES module that needs nothing else."""
