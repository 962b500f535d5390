"""Modules of the floor app: import map, preloads, policy, and what the scripts import."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from inventory.http.security_headers import CONTENT_SECURITY_POLICY
from tests.web.floor.test_pages import shell_of

STATIC = Path(__file__).parents[3] / "static"
MODULES = {
    f"floor/{path.stem}": path.read_text("utf-8") for path in (STATIC / "floor").glob("*.js")
}
PAGES = {"/floor/": "floor/main", "/floor/scanner/": "floor/scanner_setup"}

_IMPORT = re.compile(r"""^import\s+(?:(.*?)\s+from\s+)?["'](.*?)["'];$""", re.MULTILINE)
_EXPORT = re.compile(r"^export (?:async )?(?:const|let|function|class) ([\w$]+)", re.MULTILINE)


def import_map_of(page):
    return re.search(r'<script type="importmap">(.*?)</script>', page)[1]


def urls_of(page):
    return json.loads(import_map_of(page))["imports"]


def preloads_of(page):
    return re.findall(r'<link rel="modulepreload" href="([^"]+)">', page)


def imports_of(script):
    """Yield the module and the imported names of each import; `*` for all, or its default."""
    for names, module in _IMPORT.findall(script):
        if not names.startswith("{"):
            yield module, ["*"]
        else:
            yield module, re.findall(r"[\w$]+", names)


def code_of(script):
    """Return the code without imports, comments and texts, but with the `${…}` of templates."""

    def replace(match):
        return " ".join(re.findall(r"\$\{([^{}]*)", match[0])) if match[0][0] == "`" else '""'

    code = _IMPORT.sub("", script)
    code = re.sub(r"^\s*//.*$|/\*.*?\*/| // .*$", "", code, flags=re.MULTILINE)
    code = re.sub(r'"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`', replace, code)
    return code.replace("...", " ")


def uses(code, name):
    if name == "$":  # the end in a regular expression, unless it is called
        return "$(" in code
    return re.search(rf"(?<![\w$.\\]){re.escape(name)}(?![\w$])(?!\s*:)", code) is not None


def declares(code, name):
    """Return whether the name is a variable, function or parameter of the code."""
    name = re.escape(name)
    return re.search(
        rf"(?:const|let|function|class) {name}(?![\w$])"
        rf"|(?:const|let) [\[{{][^=]*(?<![\w$]){name}(?![\w$])[^=]*[\]}}] ="
        rf"|\((?:[^()]*[^\w$.()])?{name}(?![\w$])[^()]*\) (?:=>|{{)",
        code,
    )


@pytest.mark.parametrize("path", PAGES)
def test_the_policy_allows_exactly_one_inline_script_the_import_map(person, path):
    answer = person("ole").get(path)
    text = import_map_of(answer.text)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    assert len(re.findall(r"<script(?![^>]*\ssrc=)", answer.text)) == 1
    policy = answer.headers["Content-Security-Policy"]
    allowed = f"script-src 'self' 'sha256-{digest}';"
    assert allowed in policy
    rest = policy.replace(allowed, "script-src 'self';")
    assert rest == CONTENT_SECURITY_POLICY.replace("trusted-types htmx", "trusted-types floor")


def test_other_pages_allow_no_inline_script(person):
    ole = person("ole")
    for path in ("/", "/account/", "/floor/worker.js", "/floor/session"):
        policy = ole.get(path).headers["Content-Security-Policy"]
        assert policy == CONTENT_SECURITY_POLICY, path


@pytest.mark.parametrize("path", PAGES)
def test_the_import_map_comes_first_and_has_every_module(person, client, path):
    page = person("ole").get(path).text
    urls = urls_of(page)
    assert set(urls) == {*MODULES, "vendor/idb"}
    assert page.index("importmap") < page.index("modulepreload") < page.index('type="module"')
    assert re.findall(r'<script type="module" src="([^"]+)">', page) == [urls[PAGES[path]]]
    for url in urls.values():
        answer = client.get(url)
        assert (answer.status_code, answer.mimetype) == (200, "text/javascript"), url


def test_the_service_worker_caches_every_module_and_changes_with_each(person, client):
    urls = urls_of(person("ole").get("/floor/").text)
    assert set(urls.values()) <= set(shell_of(client))
    for name, url in urls.items():
        digest = hashlib.sha256((STATIC / f"{name}.js").read_bytes()).hexdigest()[:12]
        assert url == f"/static/{name}.{digest}.js"


@pytest.mark.parametrize("path", PAGES)
def test_exactly_the_modules_that_a_page_imports_are_preloaded(person, path):
    page = person("ole").get(path).text
    main, urls = PAGES[path], urls_of(page)
    names = {url: name for name, url in urls.items()}
    preloaded = [names[url] for url in preloads_of(page)]
    imported = {
        module for name in (main, *preloaded) for module, _ in imports_of(MODULES.get(name, ""))
    }
    assert sorted(preloaded) == sorted(imported)


def test_every_import_names_a_module_and_what_it_exports(person):
    urls = urls_of(person("ole").get("/floor/").text)
    for name, script in MODULES.items():
        assert len(re.findall(r"\bimport\b", script)) == len(_IMPORT.findall(script)), name
        for module, imported in imports_of(script):
            assert module in urls, f"{name}: {module}"
            exported = {"*", *_EXPORT.findall(MODULES.get(module, ""))}
            assert set(imported) <= exported, f"{name}: {module}"


def test_every_import_and_export_is_used():
    imported = {
        (module, one)
        for script in MODULES.values()
        for module, names in imports_of(script)
        for one in names
    }
    for name, script in MODULES.items():
        code = code_of(script)
        for names, _ in _IMPORT.findall(script):
            for one in re.findall(r"[\w$]+", names.removeprefix("* as ")):
                assert uses(code, one), f"{name} does not use {one}"
        for one in _EXPORT.findall(script):
            assert {(name, one), (name, "*")} & imported, f"nothing imports {one} of {name}"


def test_a_script_imports_what_it_uses_of_another():
    exported = {one for script in MODULES.values() for one in _EXPORT.findall(script)}
    missing = []
    for name, script in MODULES.items():
        code = code_of(script)
        known = {one for _, names in imports_of(script) for one in names}
        missing += [
            f"{name}: {one}"
            for one in sorted(exported - known)
            if uses(code, one) and not declares(code, one)
        ]
    assert missing == []


def test_the_modules_share_no_global_variables():
    for name, script in MODULES.items():
        code = code_of(script)
        assigned = re.findall(r"\b(?:globalThis|window|self)\.(\w+) (?:\?\?)?=(?!=)", code)
        assert assigned == (["floor"] if name == "floor/main" else []), name
        assert not re.search(r"(?<![\w$.])floor\.", code), name
