"""A compiler for generated code: from its subset of Python to the machine's, by LLVM.

The subset: functions of whole 64-bit numbers and flat tables of them, with assignments, `if`, `while`, `for` over a
range, calls and returns of one or several numbers; no objects, no exceptions. There are no types to infer, so that a
policy of a thousand lines is compiled in about a second; the object code is kept on disk by `running`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from typing import Any

import llvmlite.binding as llvm  # type: ignore[import-untyped, unused-ignore]
from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]

_I64, _I1, _REAL, _BYTE, _I32 = ir.IntType(64), ir.IntType(1), ir.DoubleType(), ir.IntType(8), ir.IntType(32)
_POINTER = ir.PointerType()
TABLES = ("E", "L", "S", "K", "O", "C", "V", "X", "table", "offsets")
"""Names of parameters that are tables of 64-bit numbers; `D` is a table of columns and `is_a` one of bytes."""
_COMPARED = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_PLAIN = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.LShift: "shl", ast.RShift: "ashr", ast.BitOr: "or_",
          ast.BitAnd: "and_"}  # fmt: skip


def target() -> Any:
    """Return this machine as a target of code."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = ",".join(f"{'+' if on else '-'}{name}" for name, on in llvm.get_host_cpu_features().items())
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features, opt=2, reloc="pic", codemodel="jitdefault"
    )


def machine() -> str:
    """Return what machine this is: code for another one is not used."""
    return f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


def object_code(source: str, wide: Mapping[str, bool], entry: str) -> bytes:
    """Return the machine code of a program whose function `entry` is called from outside.

    `wide` says of every column of D whether its numbers have 64 bits; the others have 32.
    """
    made = target()
    module = _Module(ast.parse(source), wide, entry).module
    module.triple = made.triple
    parsed = llvm.parse_assembly(str(module))
    _set_options()
    options = llvm.create_pipeline_tuning_options(speed_level=1)
    options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = False
    options.inlining_threshold = 80
    builder = llvm.create_pass_builder(made, options)
    builder.getModulePassManager().run(parsed, builder)
    code: bytes = made.emit_object(parsed)
    return code


@cache
def _set_options() -> None:
    """Let a test of several parts stay one: which entries count cannot be foreseen, and each jump would be a guess."""
    llvm.set_option("goodstanding", "-jump-is-expensive=true")


class Loaded:
    """Object code in memory; `address` is where its entry stands."""

    def __init__(self, code: bytes, entry: str) -> None:
        """Load code that `object_code` made."""
        self.engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target())
        self.engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self.engine.finalize_object()
        self.address: int = self.engine.get_function_address(entry)


class _Module:
    """All functions of a program."""

    def __init__(self, tree: ast.Module, wide: Mapping[str, bool], entry: str) -> None:
        self.module, self.wide = ir.Module("program"), wide
        self.constants = {
            line.targets[0].id: _constant(line.value)
            for line in tree.body
            if isinstance(line, ast.Assign)
            and isinstance(line.targets[0], ast.Name)
            and _constant(line.value) is not None
        }
        functions = [line for line in tree.body if isinstance(line, ast.FunctionDef)]
        self.returns = {one.name: _returns(one) for one in functions}
        self.functions = {one.name: self._declared(one, one.name == entry) for one in functions}
        for one in functions:
            _Function(self, one).write()

    def _declared(self, node: ast.FunctionDef, outside: bool) -> Any:
        parameters = [_parameter(argument.arg) for argument in node.args.args]
        many = self.returns[node.name]
        result = ir.VoidType() if many == 0 else _I64 if many == 1 else ir.LiteralStructType([_I64] * many)
        function = ir.Function(self.module, ir.FunctionType(result, parameters), node.name)
        function.attributes.add("nounwind")
        for argument, parameter in zip(function.args, parameters, strict=True):
            if isinstance(parameter, ir.PointerType):
                argument.add_attribute("noalias")
        if not outside:
            function.linkage = "internal"
        return function


def _constant(node: ast.expr) -> int | None:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        value = _folded(node)
    return value if isinstance(value, int) else None


def _folded(node: ast.expr) -> int | None:
    """Return the value of -(2**31) and the like."""
    reads = any(isinstance(one, ast.Name | ast.Call) for one in ast.walk(node))
    if isinstance(node, ast.BinOp | ast.UnaryOp) and not reads:
        return int(eval(compile(ast.Expression(node), "<number>", "eval"), {"__builtins__": {}}))  # noqa: S307
    return None


def _returns(function: ast.FunctionDef) -> int:
    """Return how many numbers a function returns."""
    found = 0
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            found = len(node.value.elts) if isinstance(node.value, ast.Tuple) else 1
    return found


def _parameter(name: str) -> Any:
    return _POINTER if name in (*TABLES, "D", "is_a") else _I64


class _Function:
    """One function; numbers live in memory of its own until LLVM puts them into registers."""

    def __init__(self, module: _Module, node: ast.FunctionDef) -> None:
        self.module, self.node, self.function = module, node, module.functions[node.name]
        self.entry = self.function.append_basic_block("entry")
        self.code = ir.IRBuilder(self.entry)
        self.names: dict[str, Any] = {}
        self.tables: dict[str, Any] = {}
        self.loops: list[tuple[Any, Any]] = []
        self.many = module.returns[node.name]

    def write(self) -> None:
        first = self.function.append_basic_block("first")
        for argument, value in zip(self.node.args.args, self.function.args, strict=True):
            if isinstance(value.type, ir.PointerType):
                self.tables[argument.arg] = value
            else:
                self.code.store(value, self._place(argument.arg))
        self.code.position_at_end(first)
        self.body(self.node.body)
        if not self.code.block.is_terminated:
            self._return([])
        with self.code.goto_block(self.entry):
            self.code.position_at_end(self.entry)
            self.code.branch(first)

    def _place(self, name: str, type_: Any = _I64) -> Any:
        if name not in self.names:
            with self.code.goto_block(self.entry):
                self.code.position_at_end(self.entry)
                self.names[name] = self.code.alloca(type_, name=name)
        return self.names[name]

    def body(self, lines: list[ast.stmt]) -> None:
        for line in lines:
            if self.code.block.is_terminated:
                return
            getattr(self, f"_{type(line).__name__}")(line)

    def _Pass(self, _: ast.Pass) -> None:  # noqa: N802
        """Write nothing."""

    def _Expr(self, line: ast.Expr) -> None:  # noqa: N802
        if not isinstance(line.value, ast.Constant):
            self.value(line.value)

    def _Return(self, line: ast.Return) -> None:  # noqa: N802
        if line.value is None:
            self._return([])
        elif isinstance(line.value, ast.Tuple):
            self._return([self.number(one) for one in line.value.elts])
        elif self.many > 1:
            self.code.ret(self.value(line.value))
        else:
            self._return([self.number(line.value)])

    def _return(self, values: list[Any]) -> None:
        if self.many == 0:
            self.code.ret_void()
            return
        values = values or [_I64(0)] * self.many
        if self.many == 1:
            self.code.ret(values[0])
            return
        whole: Any = ir.Constant(self.function.function_type.return_type, ir.Undefined)
        for place, value in enumerate(values):
            whole = self.code.insert_value(whole, value, place)
        self.code.ret(whole)

    def _Assign(self, line: ast.Assign) -> None:  # noqa: N802
        where = line.targets[0]
        if not isinstance(where, ast.Tuple):
            self._set(where, self.number(line.value))
            return
        if isinstance(line.value, ast.Tuple):
            values = [self.number(one) for one in line.value.elts]
        else:
            whole = self.value(line.value)
            values = [self.code.extract_value(whole, place) for place in range(len(where.elts))]
        for one, value in zip(where.elts, values, strict=True):
            self._set(one, value)

    def _set(self, where: ast.expr, value: Any) -> None:
        if isinstance(where, ast.Name):
            self.code.store(value, self._place(where.id, value.type))
        else:
            assert isinstance(where, ast.Subscript)
            pointer, type_ = self._cell(where)
            assert type_ is _I64
            self.code.store(value, pointer)

    def _AnnAssign(self, line: ast.AnnAssign) -> None:  # noqa: N802
        assert line.value is not None
        self._set(line.target, self.number(line.value))

    def _AugAssign(self, line: ast.AugAssign) -> None:  # noqa: N802
        read = ast.parse(ast.unparse(line.target), mode="eval").body
        self._set(line.target, self.number(ast.BinOp(read, line.op, line.value)))

    def _If(self, line: ast.If) -> None:  # noqa: N802
        truth = self.truth(line.test)
        then, after = self.function.append_basic_block("then"), self.function.append_basic_block("after")
        other = self.function.append_basic_block("else") if line.orelse else after
        self.code.cbranch(truth, then, other)
        for block, lines in ((then, line.body), (other, line.orelse)):
            if lines:
                self.code.position_at_end(block)
                self.body(lines)
                if not self.code.block.is_terminated:
                    self.code.branch(after)
        self.code.position_at_end(after)

    def _While(self, line: ast.While) -> None:  # noqa: N802
        test, inside, after = (self.function.append_basic_block(name) for name in ("test", "inside", "after"))
        self.code.branch(test)
        self.code.position_at_end(test)
        self.code.cbranch(self.truth(line.test), inside, after)
        self._looped(line.body, inside, test, after)
        self.code.position_at_end(after)

    def _looped(self, lines: list[ast.stmt], inside: Any, again: Any, after: Any) -> None:
        self.code.position_at_end(inside)
        self.loops.append((again, after))
        self.body(lines)
        self.loops.pop()
        if not self.code.block.is_terminated:
            self.code.branch(again)

    def _For(self, line: ast.For) -> None:  # noqa: N802
        assert isinstance(line.iter, ast.Call)
        assert isinstance(line.target, ast.Name)
        parts = [self.number(argument) for argument in line.iter.args]
        first, last = (parts[0], parts[1]) if len(parts) > 1 else (_I64(0), parts[0])
        step = parts[2] if len(parts) > 2 else _I64(1)
        counter, place = self._place(self._own("count")), self._place(line.target.id)
        test, inside, more, after = (self.function.append_basic_block(n) for n in ("test", "inside", "more", "after"))
        self.code.store(first, counter)
        self.code.branch(test)
        self.code.position_at_end(test)
        self.code.cbranch(self.code.icmp_signed("<", self.code.load(counter), last), inside, after)
        self.code.position_at_end(inside)
        self.code.store(self.code.load(counter), place)
        self._looped(line.body, inside, more, after)
        self.code.position_at_end(more)
        self.code.store(self.code.add(self.code.load(counter), step), counter)
        self.code.branch(test)
        self.code.position_at_end(after)

    def _own(self, what: str) -> str:
        return f"{what}.{len(self.names)}"

    def _Break(self, _: ast.Break) -> None:  # noqa: N802
        self.code.branch(self.loops[-1][1])

    def _Continue(self, _: ast.Continue) -> None:  # noqa: N802
        self.code.branch(self.loops[-1][0])

    def number(self, node: ast.expr) -> Any:
        """Return a value of 64 bits."""
        value = self.value(node)
        return self.code.zext(value, _I64) if value.type is _I1 or value.type == _I1 else value

    def truth(self, node: ast.expr) -> Any:
        """Return a value of one bit."""
        value = self.value(node)
        return value if value.type == _I1 else self.code.icmp_signed("!=", value, _I64(0))

    def value(self, node: ast.expr) -> Any:
        """Return a value of 64 bits, one bit, or of real or several numbers."""
        return getattr(self, f"_{type(node).__name__}")(node)

    def _Constant(self, node: ast.Constant) -> Any:  # noqa: N802
        if isinstance(node.value, bool):
            return _I1(int(node.value))
        return _REAL(node.value) if isinstance(node.value, float) else _I64(node.value)

    def _Name(self, node: ast.Name) -> Any:  # noqa: N802
        if node.id in self.tables:
            return self.tables[node.id]
        if node.id in self.module.constants and node.id not in self.names:
            return _I64(self.module.constants[node.id])
        return self.code.load(self._place(node.id))

    def _UnaryOp(self, node: ast.UnaryOp) -> Any:  # noqa: N802
        if isinstance(node.op, ast.Not):
            return self.code.not_(self.truth(node.operand))
        if isinstance(node.operand, ast.Constant):
            type_ = _REAL if isinstance(node.operand.value, float) else _I64
            return type_(-node.operand.value)  # type: ignore[operator]
        return self.code.neg(self.number(node.operand))

    def _BinOp(self, node: ast.BinOp) -> Any:  # noqa: N802
        left, right = self.number(node.left), self.number(node.right)
        if left.type == _REAL:
            return self.code.fmul(left, right)
        if isinstance(node.op, ast.FloorDiv | ast.Mod):
            return self._divided(left, right, isinstance(node.op, ast.FloorDiv))
        return getattr(self.code, _PLAIN[type(node.op)])(left, right)

    def _divided(self, left: Any, right: Any, whole: bool) -> Any:
        """Divide as Python does: rounded down, the rest of the sign of the divisor."""
        code = self.code
        count = code.sdiv(left, right)
        rest = code.sub(left, code.mul(count, right))
        off = code.and_(code.icmp_signed("!=", rest, _I64(0)), code.icmp_signed("<", code.xor(rest, right), _I64(0)))
        if whole:
            return code.select(off, code.sub(count, _I64(1)), count)
        return code.select(off, code.add(rest, right), rest)

    def _Compare(self, node: ast.Compare) -> Any:  # noqa: N802
        values = [self.number(one) for one in (node.left, *node.comparators)]
        truth: Any = None
        for place, sign in enumerate(node.ops):
            left, right = values[place], values[place + 1]
            compare = self.code.fcmp_ordered if left.type == _REAL else self.code.icmp_signed
            one = compare(_COMPARED[type(sign)], left, right)
            truth = one if truth is None else self.code.and_(truth, one)
        return truth

    def _BoolOp(self, node: ast.BoolOp) -> Any:  # noqa: N802
        """Work out one after another, as long as it is not decided."""
        place, done = self._place(self._own("truth")), self.function.append_basic_block("decided")
        for rest, part in reversed(list(enumerate(reversed(node.values)))):
            truth = self.truth(part)
            self.code.store(self.code.zext(truth, _I64), place)
            if rest == 0:
                self.code.branch(done)
            else:
                more = self.function.append_basic_block("more")
                self.code.cbranch(truth, *((more, done) if isinstance(node.op, ast.And) else (done, more)))
                self.code.position_at_end(more)
        self.code.position_at_end(done)
        return self.code.icmp_signed("!=", self.code.load(place), _I64(0))

    def _IfExp(self, node: ast.IfExp) -> Any:  # noqa: N802
        place = self._place(self._own("choice"))
        then, other, after = (self.function.append_basic_block(name) for name in ("then", "else", "after"))
        self.code.cbranch(self.truth(node.test), then, other)
        for block, part in ((then, node.body), (other, node.orelse)):
            self.code.position_at_end(block)
            self.code.store(self.number(part), place)
            self.code.branch(after)
        self.code.position_at_end(after)
        return self.code.load(place)

    def _Call(self, node: ast.Call) -> Any:  # noqa: N802
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        if name == "float":
            return self.code.sitofp(self.number(node.args[0]), _REAL)
        arguments = [self.value(one) for one in node.args]
        arguments = [self.code.zext(one, _I64) if one.type == _I1 else one for one in arguments]
        if name in ("min", "max"):
            found = arguments[0]
            for one in arguments[1:]:
                less = self.code.icmp_signed("<" if name == "min" else ">", one, found)
                found = self.code.select(less, one, found)
            return found
        return self.code.call(self.module.functions[name], arguments)

    def _Subscript(self, node: ast.Subscript) -> Any:  # noqa: N802
        pointer, type_ = self._cell(node)
        value = self.code.load(pointer, typ=type_)
        if type_ is _I64:
            return value
        return self.code.zext(value, _I64) if type_ is _BYTE else self.code.sext(value, _I64)

    def _cell(self, node: ast.Subscript) -> tuple[Any, Any]:
        """Return where a cell of a table stands, and its type."""
        if isinstance(node.value, ast.Subscript):
            assert isinstance(node.value.slice, ast.Name)
            type_ = _I64 if self.module.wide[node.value.slice.id] else _I32
            place = self.code.gep(self.tables["D"], [self.number(node.value.slice)], source_etype=_POINTER)
            table = self.code.load(place, typ=_POINTER)
        else:
            assert isinstance(node.value, ast.Name)
            table = self.tables[node.value.id]
            type_ = _BYTE if node.value.id == "is_a" else _I64
        return self.code.gep(table, [self.number(node.slice)], inbounds=True, source_etype=type_), type_
