"""The functions that adapters have in common, as text; each has its docstring in the language of the user."""

from __future__ import annotations

HELPERS = '''
def packed(params, name):
    """{packed}"""
    rows = []
    for names, share in zip(PACKS[name], SHARES.get(name, [1.0] * len(PACKS[name]))):
        parts = [params[one] * share for one in names]
        parts = [part.reshape(len(part), -1) for part in parts] if len(parts) > 1 else parts
        rows.append(np.concatenate(parts, axis=-1))
    whole = np.concatenate(rows)
    if whole.ndim == 1:
        return whole{vector}
    return whole.T if TRANSPOSED else whole


def taken_apart(gradient, name, params):
    """{taken_apart}"""
    gradient, found, top = np.asarray(gradient), {{}}, 0
    size = sum(params[one].size for names in PACKS[name] for one in names)
    while gradient.ndim > 2 or gradient.size > size:
        gradient = gradient.sum(axis=-1 if gradient.ndim == 2 and len(gradient) == size else 0)
    gradient = gradient.T if TRANSPOSED else gradient
    if params[PACKS[name][0][0]].ndim == 1 and len(PACKS[name][0]) == 1:
        gradient = np.asarray(gradient).reshape(-1)
    for names in PACKS[name]:
        left, height = 0, len(params[names[0]])
        for one in names:
            width = params[one].shape[1] if params[one].ndim == 2 else 1
            part = gradient[top : top + height]
            found[one] = (part if part.ndim == 1 else part[:, left : left + width]).reshape(params[one].shape)
            left += width
        top += height
    return found


def named(value, names):
    """{named}"""
    if hasattr(value, "_asdict") or hasattr(value, "__dataclass_fields__"):
        value = value._asdict() if hasattr(value, "_asdict") else vars(value)
    if isinstance(value, list) and value and all(isinstance(step, dict) for step in value):
        value = {{key: [step[key] for step in value] for key in value[0]}}
    if isinstance(value, dict) and not all(isinstance(key, int) for key in value):
        return {{name: part for key, inner in value.items() for name, part in named(inner, key).items()}}
    if isinstance(names, (list, tuple)):
        value = value if len(names) > 1 or isinstance(value, (list, tuple)) else [value]
        return {{name: part for inner, key in zip(value, names) for name, part in named(inner, key).items()}}
    return {{}} if value is None else {{names: value}}
'''

OBJECT = '''

HELD = {held}
HELD_GRADIENT = {held_gradient}


def holders(thing, depth=3):
    """{holders}"""
    yield thing
    for value in (thing if isinstance(thing, dict) else vars(thing)).values() if depth else ():
        if isinstance(value, dict) or type(value).__module__ == own.__name__:
            yield from holders(value, depth - 1)


def put_in(layer, given):
    """{put_in}"""
    for holder in holders(layer):
        fields = holder if isinstance(holder, dict) else vars(holder)
        for name in set(fields) & set(given):
            is_own = type(fields[name]).__module__ == own.__name__
            held = [word for word in HELD if is_own and hasattr(fields[name], word)]
            if held:
                setattr(fields[name], held[0], given[name])
            else:
                fields[name] = given[name]


def left_in(layer):
    """{left_in}"""
    found = {{}}
    for holder in holders(layer):
        for name, value in {{}}.items() if isinstance(holder, dict) else vars(holder).items():
            if type(value).__module__ == own.__name__:
                found |= {{f"d{{name}}": getattr(value, word) for word in HELD_GRADIENT if hasattr(value, word)}}
            elif "grad" in name and isinstance(value, dict):
                found |= {{key if key.startswith("d") else f"d{{key}}": part for key, part in value.items()}}
            elif "grad" in name and isinstance(value, list | tuple):
                found |= {{f"{{name}}/{{place}}": part for place, part in enumerate(value)}}
            elif name.startswith(("d", "grad")):
                found[name] = value
    return found
'''

CONTEXT = '''

class Context:
    """{context}"""

    def save_for_backward(self, *tensors):
        self.saved_tensors = tensors
'''
