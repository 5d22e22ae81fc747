"""Writes what each model must give out, beside its table in lstm_sym/shipped/data, with the packages themselves.

python tests/shipped/make_expected.py NAME... with the archives in the cache (`lstm-sym flow --package NAME` puts them
there), in an environment that has NumPy, and for

    g2p-en                                nothing more
    silero-vad, dksplit                   onnxruntime
    resemblyzer                           torch, librosa
    dgaintel, textgenrnn                  keras 3 (its backend NumPy will do), h5py
    nagisa                                nagisa 0.3.0
    jieba (Python 3.7)                    paddlepaddle-tiny 1.6.1, jieba 0.42.1, protobuf < 3.21

The words, sentences and domains are those that stand in the files already, so that what is written can be compared.
"""

from __future__ import annotations

import importlib
import os
import sys
import tarfile
import tempfile
import types
import zipfile
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "lstm_sym" / "shipped" / "data"
LSTM = ("kernel", "recurrent_kernel", "bias")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lstm_sym"


def unpacked(file: str) -> Path:
    """An archive, unpacked: here, and here alone, its code is to run."""
    folder = Path(tempfile.mkdtemp())
    path = CACHE / file
    if file.endswith(".whl"):
        zipfile.ZipFile(path).extractall(folder)
        return folder
    with tarfile.open(path) as archive:
        archive.extractall(folder)
    return next(folder.iterdir())


def lines(name: str, ending: str = "txt") -> list[str]:
    return (DATA / f"{name}.{ending}").read_text(encoding="utf-8").splitlines()


def write(name: str, rows: list[str], ending: str = "txt") -> None:
    (DATA / f"{name}.{ending}").write_text("\n".join(rows) + "\n", encoding="utf-8")


def recordings() -> dict[str, object]:
    """The recordings by their names in librivox.toml, as samples."""
    import tomllib

    import numpy as np

    table = tomllib.loads((DATA / "librivox.toml").read_text(encoding="utf-8"))
    with tarfile.open(CACHE / table["archive"]["file"]) as archive:
        read = {name: archive.extractfile(path).read() for name, path in table["members"].items()}
    bare = {name: data[44:] if data[:4] == b"RIFF" else data for name, data in read.items()}
    return {name: np.frombuffer(data, "<i2").astype(np.float32) / 32768 for name, data in bare.items()}


def g2p_en() -> None:
    """What it imports for words in its dictionary is stood in for: these words are not."""
    stand_ins = {name: types.ModuleType(name) for name in ("nltk", "nltk.corpus", "nltk.tokenize", "inflect")}
    stand_ins["nltk"].pos_tag, stand_ins["nltk"].data = None, types.SimpleNamespace(find=lambda path: None)
    stand_ins["nltk.corpus"].cmudict = types.SimpleNamespace(dict=dict)
    stand_ins["nltk.tokenize"].TweetTokenizer = lambda: types.SimpleNamespace(tokenize=None)
    stand_ins["inflect"].engine = lambda: None
    sys.modules |= stand_ins
    sys.path.insert(0, str(unpacked("g2p_en-2.1.0-py3-none-any.whl")))
    model = importlib.import_module("g2p_en.g2p").G2p()
    words = [line.split()[0] for line in lines("g2p_en")]
    write("g2p_en", [" ".join([word, *model.predict(word)]) for word in words])


def silero_vad() -> None:
    import numpy as np
    import onnxruntime

    path = unpacked("silero_vad-6.2.3-py3-none-any.whl") / "silero_vad" / "data" / "silero_vad_16k_op15.onnx"
    session = onnxruntime.InferenceSession(str(path))
    sound = np.concatenate([x for name, x in recordings().items() if name.startswith("sentence")])
    state, context, found = np.zeros((2, 1, 128), np.float32), np.zeros((1, 64), np.float32), []
    for begin in range(0, len(sound) - 511, 512):
        x = np.concatenate([context, sound[None, begin : begin + 512]], axis=1)
        given = {"input": x, "state": state, "sr": np.array(16000, np.int64)}
        output, state = session.run(None, given)
        context = x[:, -64:]
        found.append(f"{output.item():.5f}")
    write("silero_vad", [" ".join(found[at : at + 14]) for at in range(0, len(found), 14)])


def resemblyzer() -> None:
    """Its own way, but for the removal of pauses, which needs webrtcvad."""
    import librosa
    import numpy as np
    import torch

    path = unpacked("Resemblyzer-0.1.4-py3-none-any.whl") / "resemblyzer" / "pretrained.pt"
    state = torch.load(path, map_location="cpu")["model_state"]
    lstm, linear = torch.nn.LSTM(40, 256, 3, batch_first=True), torch.nn.Linear(256, 256)
    lstm.load_state_dict({key[5:]: value for key, value in state.items() if key.startswith("lstm.")})
    linear.load_state_dict({key[7:]: value for key, value in state.items() if key.startswith("linear.")})
    rows = []
    for name, sound in recordings().items():
        change = -30 - 20 * np.log10(np.sqrt(np.mean((sound * 32767) ** 2)) / 32767)
        sound = sound * 10 ** (max(change, 0) / 20)
        steps = int(np.ceil((len(sound) + 1) / 160))
        begin = list(range(0, max(1, steps - 160 + 77 + 1), 77))
        begin = begin[:-1] if (len(sound) - begin[-1] * 160) / 25600 < 0.75 and len(begin) > 1 else begin
        sound = np.pad(sound, (0, max(0, (begin[-1] + 160) * 160 - len(sound))))
        mel = librosa.feature.melspectrogram(y=sound, sr=16000, n_fft=400, hop_length=160, n_mels=40)
        parts = torch.from_numpy(np.array([mel.astype(np.float32).T[at : at + 160] for at in begin]))
        with torch.no_grad():
            vectors = torch.relu(linear(lstm(parts)[1][0][-1]))
            mean = (vectors / vectors.norm(dim=1, keepdim=True)).numpy().mean(axis=0)
        rows.append(",".join([name, *(f"{x:.4f}".replace("0.0000", "0") for x in mean / np.linalg.norm(mean))]))
    write("resemblyzer", rows, "csv")


def dgaintel() -> None:
    """Its model as it was saved, without an argument of the LSTM that Keras 3 does not know."""
    os.environ.setdefault("KERAS_BACKEND", "numpy")
    import keras
    import numpy as np

    older = keras.layers.LSTM.from_config.__func__
    keras.layers.LSTM.from_config = classmethod(lambda cls, given: older(cls, without(given, "time_major")))
    path = unpacked("dgaintel-2.3.tar.gz") / "dgaintel" / "domain_classifier_model.h5"
    model = keras.models.load_model(path, compile=False)
    domains = [line.split()[0] for line in lines("dgaintel")]
    x = np.zeros((len(domains), 82))
    for k, domain in enumerate(domains):
        x[k, : len(domain)] = ["-.0123456789_abcdefghijklmnopqrstuvwxyz".index(letter) for letter in domain]
    found = np.asarray(model.predict(x, verbose=0))[:, 0]
    write("dgaintel", [f"{domain} {found[k]:.8f}" for k, domain in enumerate(domains)])


def without(given: dict, name: str) -> dict:
    return {key: value for key, value in given.items() if key != name}


def textgenrnn() -> None:
    """The layers of its model.py, made anew: its own code needs TensorFlow 1; matrices of CuDNN are turned."""
    os.environ.setdefault("KERAS_BACKEND", "numpy")
    import json

    import h5py
    import keras
    import numpy as np

    folder = unpacked("textgenrnn-2.0.0.tar.gz") / "textgenrnn"
    numbers = json.loads((folder / "textgenrnn_vocab.json").read_text(encoding="utf-8"))
    letters = {number: letter for letter, number in numbers.items()}
    file = h5py.File(folder / "textgenrnn_weights.hdf5")

    def lstm(name: str):
        kernel, recurrent, bias = (np.array(file[f"{name}/{name}/{part}:0"]) for part in LSTM)
        kernel = np.hstack([block.T.reshape(block.shape, order="F") for block in np.hsplit(kernel, 4)])
        recurrent = np.hstack([block.T for block in np.hsplit(recurrent, 4)])
        layer = keras.layers.LSTM(128, return_sequences=True)
        layer.build((1, 40, len(kernel)))
        layer.set_weights([kernel, recurrent, bias[:512] + bias[512:]])
        return layer

    first, second = lstm("rnn_1"), lstm("rnn_2")
    vectors = np.array(file["embedding/embedding/embeddings:0"])
    attention = np.array(file["attention/attention/attention_W:0"])
    kernel, bias = (np.array(file[f"output/output/{part}:0"]) for part in ("kernel", "bias"))

    def softmax(x):
        return np.exp(x - x.max()) / np.exp(x - x.max()).sum()

    def probabilities(text):
        last = [numbers.get(letter, 0) for letter in text[-40:]]
        x = vectors[[0] * (40 - len(last)) + last][None]
        below = np.asarray(first(x))
        seen = np.concatenate([x, below, np.asarray(second(below))], axis=-1)[0]
        return softmax((seen * softmax((seen @ attention)[:, 0])[:, None]).sum(axis=0) @ kernel + bias)

    text, _, *rest = lines("textgenrnn")
    found = [probabilities(text[:at])[numbers[text[at]]] for at in range(40, 340)]
    rows = [text, " ".join(f"{one:.7f}" for one in found)]
    for given in (line.split("|")[0] for line in rest):
        grown = ["<s>", *given]
        for _ in range(30):
            grown.append(letters[int(probabilities(grown).argmax())])
        rows.append(f"{given}|{''.join(grown[-30:])}")
    write("textgenrnn", rows)


def nagisa() -> None:
    import nagisa as package

    write("nagisa", ["|".join(package.wakati(line.replace("|", ""))) for line in lines("nagisa")])


def dksplit() -> None:
    sys.path.insert(0, str(unpacked("dksplit-1.0.2-py3-none-any.whl")))
    splitter = importlib.import_module("dksplit.split").Splitter(num_threads=1)
    domains = [line.split()[0] for line in lines("dksplit")]
    write("dksplit", [f"{domain} {'|'.join(splitter.split(domain))}" for domain in domains])


def jieba() -> None:
    """Words and tags by Paddle; a character that it does not know stands there as one space."""
    import jieba as package

    package.enable_paddle()
    predicted = importlib.import_module("jieba.lac_small.predict").get_result
    rows = []
    for line in lines("jieba"):
        sentence = "".join(one.split("|")[0] for one in line.split("\t")).replace("\u2423", " ")
        at, row = 0, []
        words, tags = predicted(sentence)
        for k, word in enumerate(words):
            row.append(f"{sentence[at : at + len(word)]}|{tags[k]}".replace(" ", "\u2423"))
            at += len(word)
        rows.append("\t".join(row))
    write("jieba", rows)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        globals()[name.replace("-", "_")]()
