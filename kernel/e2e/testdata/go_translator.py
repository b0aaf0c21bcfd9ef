"""papermill's parameters in Go.

papermill knows Python, R, Scala, Julia and others, and not Go. This is written to
be offered to it (papermill/translators.py); until then

    from papermill.translators import papermill_translators
    from go_translator import GoTranslator
    papermill_translators.register("go", GoTranslator)

before papermill.execute_notebook. A value becomes a declaration, which every Go
kernel takes: `var n = 250`. Lists and dicts get the narrowest type that holds all
their values. A parameter that is a float64 in the notebook is to be given as a
float (2.0, not 2): the translator does not see what the notebook declares.
"""

import functools
import json
import math
import re

from papermill.models import Parameter
from papermill.translators import Translator

KEYWORDS = frozenset(
    "break case chan const continue default defer else fallthrough for func go goto if import interface map package"
    " range return select struct switch type var".split()
)


class GoTranslator(Translator):
    @classmethod
    def translate_escaped_str(cls, str_val):
        # JSON's escapes are Go's, but for characters beyond U+FFFF, which Go takes as
        # they are, and a byte order mark, which it does not.
        return json.dumps(str(str_val), ensure_ascii=False).replace("\ufeff", r"\ufeff")

    @classmethod
    def translate_none(cls, val):
        return "nil"

    @classmethod
    def translate_int(cls, val):
        if -(2**63) <= val < 2**63:
            return str(val)
        if val < 2**64 and val > 0:
            return f"uint64({val})"
        raise ValueError(f"{val} fits no integer type of Go; give it as a float or a string")

    @classmethod
    def translate_float(cls, val):
        if math.isnan(val):
            return "math.NaN()"
        if math.isinf(val):
            return "math.Inf(1)" if val > 0 else "math.Inf(-1)"
        return repr(float(val))  # with a point or an exponent, so that it is no integer

    @classmethod
    def translate_list(cls, val):
        return cls.literal(list(val), cls.type_of(val))

    @classmethod
    def translate_dict(cls, val):
        return cls.literal(val, cls.type_of(val))

    @classmethod
    def translate(cls, val):
        if isinstance(val, tuple):
            val = list(val)
        return super().translate(val)

    @classmethod
    def type_of(cls, val):
        """The narrowest Go type of a value."""
        if isinstance(val, bool):
            return "bool"
        if isinstance(val, int):
            return "int" if -(2**63) <= val < 2**63 else "uint64"
        if isinstance(val, float):
            return "float64"
        if isinstance(val, (list, tuple)):
            return "[]" + cls.common(val)
        if isinstance(val, dict):
            return "map[string]" + cls.common(val.values())
        return "any" if val is None else "string"

    @classmethod
    def common(cls, values):
        types = [cls.type_of(v) for v in values]
        return functools.reduce(cls.join, types) if types else "any"

    @classmethod
    def join(cls, a, b):
        """The type that holds the values of both."""
        if a == b:
            return a
        if {a, b} == {"int", "float64"}:
            return "float64"
        for prefix in ("[]", "map[string]"):
            if a.startswith(prefix) and b.startswith(prefix):
                return prefix + cls.join(a.removeprefix(prefix), b.removeprefix(prefix))
        return "any"

    @classmethod
    def literal(cls, val, go_type):
        """A value as a literal of a type that holds it."""
        if isinstance(val, dict):
            inner = go_type.removeprefix("map[string]")
            items = (f"{cls.translate_escaped_str(k)}: {cls.element(v, inner)}" for k, v in val.items())
        else:
            inner = go_type.removeprefix("[]")
            items = (cls.element(v, inner) for v in val)
        return f"{go_type}{{{', '.join(items)}}}"

    @classmethod
    def element(cls, val, go_type):
        if isinstance(val, (list, tuple, dict)):
            return cls.literal(val, cls.type_of(val) if go_type == "any" else go_type)
        return cls.translate(val)

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}".strip()

    @classmethod
    def assign(cls, name, str_val):
        if not re.fullmatch(r"[^\W\d]\w*", name) or name in KEYWORDS:
            raise ValueError(f"parameter {name!r} is no name in Go")
        if str_val == "nil":  # which has no type by itself
            return f"var {name} any"
        return f"var {name} = {str_val}"

    @classmethod
    def codify(cls, parameters, comment="Parameters"):
        content = super().codify(parameters, comment)
        if "math.NaN()" in content or "math.Inf(" in content:
            first, rest = content.split("\n", 1)
            content = f'{first}\nimport "math"\n\n{rest}'
        return content

    # name := value, var name = value, var name type = value, const ...; with a comment
    DECLARED = re.compile(
        r"^\s*(?:(?P<short>\w+)\s*:=|(?:var|const)\s+(?P<name>\w+)(?:\s+(?P<type>[^=\s][^=]*?))?\s*=)"
        r"\s*(?P<value>.*?)\s*(?://\s*(?P<help>.*))?$"
    )

    @classmethod
    def inspect(cls, parameters_cell):
        """The parameters that a cell declares a line each, for papermill --help-notebook."""
        found = []
        for line in parameters_cell["source"].splitlines():
            m = cls.DECLARED.match(line)
            if m:
                name = m["short"] or m["name"]
                found.append(Parameter(name, m["type"] or "None", m["value"], m["help"] or ""))
        return found

