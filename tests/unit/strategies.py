"""Values for laws: what inputs may hold, resolved or not."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from stagectl.core.values import EnvVariable, Template

# What a file may hold as it is: no controls, no surrogates, no line or paragraph separators, no overrides.
FORBIDDEN = "\x7f\u2028\u2029\ufeff\ufffe\uffff" + "".join(
    map(chr, [*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
)
plain_text = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=FORBIDDEN), max_size=8)
texts = st.one_of(
    plain_text, st.sampled_from(["${", "$${", "${env:X}", "a.b", "~/", "/", "1", "true", "null", "", "~1"])
)
keys = st.one_of(st.sampled_from(["a", "b", "0", "1", "a.b", "x/y", "~", ""]), plain_text)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
    st.sampled_from([0, 0.0, -0.0, 1, 1.0, True, False, "", "0"]),
)
names = st.sampled_from(["X", "HOME", "TOKEN_1"])
# As the parser makes them: at least one variable, no two texts side by side.
templates = st.builds(
    lambda before, variable, after: Template(tuple(part for part in (before, EnvVariable(variable), after) if part)),
    texts,
    names,
    texts,
)


def _nested(leaf: Any) -> Any:
    return st.recursive(
        leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
    )


values = _nested(scalars)
values_with_variables = _nested(scalars | templates)
inputs = st.dictionaries(keys, values, max_size=4)
inputs_with_variables = st.dictionaries(keys, values_with_variables, max_size=4)
