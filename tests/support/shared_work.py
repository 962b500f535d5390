"""Work that all applications of a test process share.

Every test makes its own application on its own database. Their URL rules and SQL statements are the
same, and compiling them took half of the time of a test.
"""

from __future__ import annotations

import copy
import functools
from collections import defaultdict
from typing import Any

from sqlalchemy import util
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect
from werkzeug.routing import Rule


def share_url_rules() -> None:
    """Compile each URL rule once.

    What compiling leaves in a rule depends on the rule's own text and defaults, and on the
    converters, which are the same in every application.
    """
    compile_rule = Rule.compile
    compiled: dict[Any, dict[str, Any]] = {}
    contents = ("_parts", "_trace", "_converters", "arguments")
    builders = ("_build", "_build_unknown")  # functions, bound to their rule

    @functools.wraps(compile_rule)
    def shared(rule: Rule) -> None:
        assert rule.map is not None
        converters = tuple(sorted(rule.map.converters.items()))
        key = (rule.rule, rule.subdomain, rule.host, repr(rule.defaults), rule.merge_slashes,
               rule.map.host_matching, converters)  # fmt: skip
        if key not in compiled:
            compile_rule(rule)
            compiled[key] = {name: getattr(rule, name) for name in (*contents, *builders)}
        for name in contents:
            setattr(rule, name, copy.copy(compiled[key][name]))
        for name in builders:
            setattr(rule, name, compiled[key][name].__func__.__get__(rule, None))

    Rule.compile = shared  # type: ignore[method-assign]


def share_sql_statements() -> None:
    """Compile each SQL statement once, as a server does that keeps its engine.

    SQLAlchemy caches a compiled statement by engine and dialect object; here the engines of one
    kind of database share a cache, and dialects of one class are equal.
    """
    caches: dict[type, Any] = defaultdict(lambda: util.LRUCache(2_000))
    shared = property(lambda engine: caches[type(engine.dialect)], lambda engine, own: None)
    Engine._compiled_cache = shared  # type: ignore[assignment]
    DefaultDialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    DefaultDialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
