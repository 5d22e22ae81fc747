"""Pickles that run something when Python reads them, or would if a reader were careless: refused, and nothing runs."""

from __future__ import annotations

import builtins
import pickle
import sys

import pytest
from interop.cases import entry, integer, name, several, storage, tensor, text, torch_file

from lstm_sym.interop import InteropError, pytorch, read_pytorch, tensors

REBUILD = "torch._utils._rebuild_tensor_v2"
ORDERED = "collections.OrderedDict"


def call(what, *arguments):
    return what + several(*arguments) + pickle.REDUCE


def old_file(pickled):
    """As torch.save wrote before 1.6, with this pickle for the dictionary."""
    head = [pytorch.MAGIC, pytorch.PROTOCOL, {"little_endian": True}]
    return b"".join(pickle.dumps(value, 2) for value in head) + pickled + pickle.dumps([], 2)


def refused(tmp_path, pickled):
    """The messages for a pickle in a file of either form."""
    messages = []
    for data in (torch_file(pickled, {"0": bytes(24)}), old_file(pickled)):
        (tmp_path / "w.pt").write_bytes(data)
        with pytest.raises(InteropError) as error:
            read_pytorch(tmp_path / "w.pt")
        messages.append(str(error.value))
    return messages


def running(marker):
    """Pickles that make a file when they are loaded, and the name that each is refused by."""
    write = f"open({str(marker)!r}, 'w').close()"
    chain = call(name("builtins.getattr"), call(name("builtins.__import__"), text("os")), text("system"))
    return {
        "os.system": (call(name("os.system"), text(f"touch '{marker}'")), "os.system"),
        "eval": (call(name("builtins.eval"), text(write)), "builtins.eval"),
        "exec": (call(name("builtins.exec"), text(write)), "builtins.exec"),
        "a chain of getattr": (call(chain, text(f"touch '{marker}'")), "builtins.getattr"),
        "runpy": (
            call(
                name("runpy._run_code"),
                call(name("builtins.compile"), text(write), text(""), text("exec")),
                pickle.EMPTY_DICT,
            ),
            "runpy._run_code",
        ),
        "an instance": (pickle.MARK + text(write) + b"ibuiltins\nexec\n", "INST"),
        "an object": (pickle.MARK + name("builtins.exec") + text(write) + pickle.OBJ, "builtins.exec"),
        "a name from the stack": (
            call(text("builtins") + text("exec") + pickle.STACK_GLOBAL, text(write)),
            "builtins.exec",
        ),
    }


@pytest.mark.parametrize("what", running(""))
def test_code_is_refused_by_name_and_does_not_run(tmp_path, what):
    marker = tmp_path / "it ran"
    steps, named = running(marker)[what]
    pickled = b"\x80\x04" + steps + b"."
    assert all(named in message for message in refused(tmp_path, pickled))
    assert not marker.exists()
    pickle.loads(pickled)
    assert marker.exists(), "the pickle does nothing: this test could not fail"


def test_nothing_is_imported(tmp_path):
    assert "antigravity" not in sys.modules
    assert "code: antigravity.fly" in refused(tmp_path, b"\x80\x02" + name("antigravity.fly") + b".")[0]
    assert "antigravity" not in sys.modules


WRONG = {
    "a list into an ordered dictionary": call(name(ORDERED), pickle.EMPTY_LIST),
    "a size of text": call(name("torch.Size"), text("12")),
    "a size without end": call(name("torch.Size"), several(text("a"))),
    "a tensor of nothing": call(name(REBUILD)),
    "a tensor of text": call(name(REBUILD), *[text("a")] * 6),
    "a tensor of a tensor": tensor(tensor(storage())),
    "a tensor of a name": tensor(name("torch.FloatStorage")),
    "a tensor at a truth value": call(name(REBUILD), storage(), b"\x88", b")", b")", b"\x89", b"N"),
    "a tensor with text for a shape": call(name(REBUILD), storage(), integer(0), text(""), text(""), b"\x89", b"N"),
    "a size longer than any shape": call(name("torch.Size"), b"](" + integer(1) * 33 + b"e"),
    "a parameter of text": call(name("torch._utils._rebuild_parameter"), text("a"), b"\x88", b"}"),
    "a storage that is made": call(name("torch.FloatStorage"), integer(10**12)),
    "text that is called": call(text("os.system"), text("a")),
    "a call without a tuple": name(ORDERED) + b"]R",
    "a call of the result of a call": call(call(name(ORDERED)), text("a")),
    "a name below a name": name("torch.FloatStorage.__class__"),
    "globals of a function": name(f"{REBUILD}.__globals__"),
    "a name in another module": name("os.FloatStorage"),
    "a name that is a number": integer(1) + text("a") + pickle.STACK_GLOBAL,
    "attributes of a name": name(ORDERED) + b"}" + text("__call__") + b"Nsb",
    "slots of a name": name(REBUILD) + b"N}" + text("__defaults__") + b"Ns\x86b",
    "attributes of a tensor": tensor(storage()) + b"}" + text("shape") + b"Nsb",
    "a new object": name(ORDERED) + b")" + pickle.NEWOBJ,
    "an extension": pickle.EXT1 + b"\x01",
    "a buffer from outside": pickle.NEXT_BUFFER,
    "a bytearray": pickle.BYTEARRAY8 + bytes(8),
    "a set": pickle.EMPTY_SET,
    "a file from outside": text("/etc/passwd") + pickle.BINPERSID,
    "a line from outside": b"P/etc/passwd\n",
    "a module from outside": several(text("module"), name(ORDERED), text("a.py"), text("import os")) + b"Q",
    "another word for a storage": storage().replace(b"storage", b"bargain"),
    "a storage without a type": several(text("storage"), text("a"), text("0"), text("cpu"), integer(6)) + b"Q",
    "a storage of a function": storage(kind=ORDERED),
    "a storage of less than nothing": storage(-1),
    "a part of a storage": several(text("storage"), name("torch.FloatStorage"), text("0"), text("cpu"), integer(6),
                                   several(text("1"), integer(0), integer(6))) + b"Q",
    "an entry of a list": pickle.EMPTY_LIST + text("a") + text("b") + b"s",
    "into a tuple": pickle.EMPTY_TUPLE + text("a") + b"a",
    "what was never kept": b"h\x07",
    "more than is there": b"\x87",
    "a mark that is not there": b"t",
    "half an entry": b"}(" + text("a") + b"u",
}  # fmt: skip


@pytest.mark.parametrize("steps", WRONG.values(), ids=WRONG)
def test_what_is_allowed_is_so_with_the_arguments_of_tensors_alone(tmp_path, steps):
    for pickled in (b"\x80\x04" + steps + b".", entry(steps)):
        for message in refused(tmp_path, pickled):
            assert "fix:" in message
            assert "it holds no dictionary" not in message and "hold no tensors" not in message, "it was let through"


def test_nothing_of_ours_is_changed_by_a_file(tmp_path):
    before = {name: (call, call.__defaults__, dict(vars(call))) for name, call in tensors.CALLS.items()}
    for steps in WRONG.values():
        refused(tmp_path, entry(steps))
    assert {name: (call, call.__defaults__, dict(vars(call))) for name, call in tensors.CALLS.items()} == before


def test_pythons_own_machine_is_never_started(tmp_path, monkeypatch):
    (tmp_path / "w.pt").write_bytes(torch_file(entry(tensor(storage())), {"0": bytes(24)}))
    for module, function in [(pickle, "Unpickler"), (pickle, "loads"), (pickle, "load"), (builtins, "eval")]:
        monkeypatch.setattr(module, function, None)
    found = read_pytorch(tmp_path / "w.pt")
    monkeypatch.undo()
    assert found["w"].tolist() == [[0, 0, 0]] * 2
