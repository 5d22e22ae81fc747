"""The one way to refuse: every room's error has the four parts, survives a pickle, and moves no cursor."""

import pickle

import pytest

from lstm_sym.audit.errors import AuditError
from lstm_sym.document.pdf import PdfError
from lstm_sym.emit.errors import EmitError
from lstm_sym.equations import CellError
from lstm_sym.explore import ExploreError
from lstm_sym.flow import FlowError
from lstm_sym.ground.output import OutputError
from lstm_sym.ground.refusal import Refusal
from lstm_sym.inputs import InputError
from lstm_sym.interop import InteropError
from lstm_sym.native.errors import NativeError
from lstm_sym.networks import NetworkError
from lstm_sym.proofreading import ProofreadingError
from lstm_sym.shipped.errors import ShippedError
from lstm_sym.studies.errors import StudyError
from lstm_sym.through_time.errors import SequenceError

ERRORS = {
    FlowError: FlowError("x", "found", "why", "fix"),
    SequenceError: SequenceError("x", "found", "why", "fix"),
    StudyError: StudyError("x", "found", "why", "fix"),
    OutputError: OutputError("x", "found", "why", "fix"),
    AuditError: AuditError("x", "found", "why", "fix"),
    ProofreadingError: ProofreadingError("x", "found", "why", "fix"),
    NetworkError: NetworkError("x", "found", "why", "fix"),
    EmitError: EmitError("x", "found", "why", "fix"),
    NativeError: NativeError("x", "found", "why", "fix"),
    InteropError: InteropError("x", "found", "why", "fix"),
    ExploreError: ExploreError("x", "found", "why", "fix"),
    PdfError: PdfError("x", "found", "why", "fix"),
    ShippedError: ShippedError("x", "found", "why", "fix"),
    InputError: InputError("x", "row 3", "found", "why", "fix"),
    CellError: CellError("found", source="x", line=3, column=4, text="h[t] = 1", fix="fix"),
}


def test_every_error_of_a_room_is_here():
    """Of the package; a script beside it may have an error of its own."""
    assert {kind for kind in Refusal.__subclasses__() if kind.__module__.startswith("lstm_sym.")} == set(ERRORS)


@pytest.mark.parametrize("error", ERRORS.values(), ids=lambda error: type(error).__name__)
def test_it_says_what_happened_where_and_how_to_fix_it(error):
    assert isinstance(error, ValueError)
    assert (error.found, error.fix) == ("found", "fix")
    assert error.where in str(error) and error.where.startswith("x")
    assert all(part in str(error) for part in (error.found, error.why, error.fix))


@pytest.mark.parametrize("error", ERRORS.values(), ids=lambda error: type(error).__name__)
def test_it_comes_back_whole_from_another_process(error):
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


@pytest.mark.parametrize("error", ERRORS.values(), ids=lambda error: type(error).__name__)
def test_it_moves_no_cursor(error):
    wild = "a\x1b[2J\rb"
    parts = {"source": wild, "line": 3} if isinstance(error, CellError) else {}
    made = type(error)(wild, **parts) if parts else type(error)(*[wild] * len(error.args))
    assert "\x1b" not in str(made) and "\r" not in str(made)
