# SPDX-License-Identifier: Apache-2.0
"""Each static check is given a good tree and bad ones: a check that cannot fail is a defect."""
import json
import os
import shutil

import house

LAYERS = "base 0:\nwire 1: base\nhttp 2: base\n"


class Check(house.HouseTest):
    def setUp(self):
        super().setUp()
        for name in (".clang-format", ".clang-tidy"):
            shutil.copy(house.ROOT / name, self.root / name)

    def passes(self, check):
        code, output = self.tool(check, "--root", str(self.root))
        self.assertEqual(code, 0, output)

    def fails(self, check, reason):
        code, output = self.tool(check, "--root", str(self.root))
        self.assertEqual(code, 1, output)
        self.assertIn(reason, output)


class EveryCheck(Check):
    def test_fails_when_there_is_nothing_to_check(self):
        self.write("src/LAYERS", "")
        self.write("build/release/compile_commands.json", "[]")
        for check in sorted(path.name for path in (house.ROOT / "tools").glob("check-*")):
            if check != "check-text":  # the settings above are text
                self.fails(check, "nothing was checked")


class Layers(Check):
    def setUp(self):
        super().setUp()
        self.write("src/LAYERS", LAYERS)
        self.write("src/base/a.h", "#include <vector>\n#include <sys/stat.h>\n#include <fmt/core.h>\n")
        self.write("src/wire/json.cc", '#include <simdjson.h>\n#include "base/a.h"\n#include "wire/json.h"\n')
        self.write("src/wire/json.h", "")
        self.write("src/wire/json_test.cc", '#include <gtest/gtest.h>\n#include "tests/support/t.h"\n'
                   '#include "wire/fixture.h"\n')
        self.write("src/wire/fixture.h", "#include <gtest/gtest.h>\n")  # only a test includes it
        self.write("src/http/http.cc", "#include <boost/asio.hpp>\nboost::asio::io_context x;\n")

    def test_accepts_a_tree_that_keeps_the_law(self):
        self.passes("check-layers")

    def test_refuses_an_arrow_that_is_not_listed(self):
        self.write("src/http/b.cc", '#include "wire/json.h"\n')
        self.fails("check-layers", "src/http/b.cc:1: \"wire/json.h\": src/LAYERS has no arrow http -> wire")

    def test_refuses_an_arrow_upwards_in_the_law_itself(self):
        self.write("src/LAYERS", LAYERS + "auth 1: http\n")
        self.write("src/auth/a.h", "")
        self.fails("check-layers", "auth (level 1) -> http (level 2)")

    def test_refuses_a_folder_without_a_line(self):
        self.write("src/other/a.h", "")
        self.fails("check-layers", "src/other: has no line")

    def test_refuses_a_line_without_a_folder(self):
        self.write("src/LAYERS", LAYERS + "auth 1: base\n")
        self.fails("check-layers", "auth is no folder")

    def test_refuses_a_foreign_library_in_another_folder(self):
        self.write("src/base/b.cc", "#include <boost/asio.hpp>\n")
        self.fails("check-layers", "<boost/asio.hpp>: only http/ may name it")

    def test_refuses_a_parser_in_another_file_of_its_folder(self):
        self.write("src/wire/other.cc", "#include <simdjson.h>\n")
        self.fails("check-layers", "<simdjson.h>: only wire/json may name it")

    def test_refuses_a_foreign_name_without_its_header(self):
        self.write("src/base/b.h", "// boost::fine in a comment\nboost::asio::io_context* leak();\n")
        self.fails("check-layers", "src/base/b.h:2: boost:: is named here")

    def test_refuses_a_library_that_is_not_in_the_table(self):
        self.write("src/base/b.h", "#include <curl/curl.h>\n")
        self.fails("check-layers", "nobody's yet")

    def test_refuses_test_headers_outside_tests(self):
        self.write("src/base/b.cc", '#include <gtest/gtest.h>\n#include "tests/support/t.h"\n')
        self.fails("check-layers", "<gtest/gtest.h>: only a test may include it")
        self.fails("check-layers", '"tests/support/t.h": only a test may include it')

    def test_refuses_test_headers_in_a_header_that_not_only_tests_include(self):
        self.write("src/wire/other.cc", '#include "wire/fixture.h"\n')
        self.fails("check-layers", "src/wire/fixture.h:1: <gtest/gtest.h>: only a test may include it")

    def test_refuses_headers_that_include_each_other(self):
        self.write("src/base/b.h", '#include "base/c.h"\n')
        self.write("src/base/c.h", '#include "base/b.h"\n')
        self.fails("check-layers", "base/b.h -> base/c.h -> base/b.h")


class Headers(Check):
    def test_accepts_one_that_includes_what_it_uses(self):
        self.write("src/base/a.h", "#pragma once\n#include <string>\nstruct A { std::string s; };\n")
        self.passes("check-headers")

    def test_refuses_one_that_leans_on_its_includer(self):
        self.write("src/base/a.h", "#pragma once\nstruct A { std::string s; };\n")
        self.fails("check-headers", "src/base/a.h: fails")

    def test_refuses_one_without_a_guard(self):
        self.write("src/base/a.h", "struct A {};\n")
        self.fails("check-headers", "redefinition")

    def test_sees_a_mistake_that_comes_in_by_an_include(self):
        self.write("src/base/b.h", "#pragma once\nstruct B {};\n")
        self.write("src/base/a.h", '#pragma once\n#include "base/b.h"\nstruct A { B b; };\n')
        self.passes("check-headers")
        self.write("src/base/b.h", "#pragma once\n")
        self.fails("check-headers", "src/base/a.h: fails")


class Format(Check):
    def test_accepts_what_the_formatter_wrote_and_mends_the_rest(self):
        self.write("src/base/a.cc", "int  f( ) { return 1 ; }\n")
        self.fails("check-format", "make format")
        self.tool("check-format", "--root", str(self.root), "--fix")
        self.passes("check-format")


class Tidy(Check):
    def compiled(self, *texts):
        entries = []
        for number, text in enumerate(texts):
            path = self.write(f"src/base/{number}.cc", text)
            command = f"/usr/bin/ccache /usr/bin/c++ -std=c++23 -Wno-maybe-uninitialized -o a.o -c {path}"
            entries.append({"directory": str(self.root), "command": command, "file": str(path)})
        self.write("build/release/compile_commands.json", json.dumps(entries))

    def group(self, *texts):
        """Enough files that these come first, and each has company."""
        self.compiled(*texts, *(f"int f{number}();\n" for number in range(2 * os.cpu_count())))

    def test_accepts_clean_code(self):
        self.compiled("int* f() { return nullptr; }\n")
        self.passes("check-tidy")

    def test_refuses_what_the_settings_forbid_until_it_is_mended(self):
        self.compiled("int* f() { return 0; }\n")
        self.fails("check-tidy", "modernize-use-nullptr")
        self.fails("check-tidy", "modernize-use-nullptr")
        self.compiled("int* f() { return nullptr; }\n")
        self.passes("check-tidy")

    def test_says_in_which_file_of_a_group_it_found_something(self):
        self.group("int* f() { return nullptr; }\n", "// one\n\nint* g() { return 0; }\n")
        self.fails("check-tidy", f"{self.root}/src/base/1.cc:3:19: error: use nullptr")
        self.fails("check-tidy", "    3 | int* g() { return 0; }")

    def test_follows_paths_in_every_file_of_a_group(self):
        self.group("int f(int k) { return k; }\n", "int g(int k) { int* p = k ? &k : nullptr; return *p; }\n")
        self.fails("check-tidy", "src/base/1.cc:1:50: error: Dereference of null pointer")

    def test_accepts_programs_in_one_group(self):
        self.group("int main() { return 0; }\n", "int main() { return 1; }\n")
        self.passes("check-tidy")

    def test_looks_at_files_one_by_one_that_do_not_compile_together(self):
        clash = "namespace {\n  int f() { return 1; }\n}\nint k%d;\nint* g%d() { return f() ? &k%d : %s; }\n"
        self.group(clash % (1, 1, 1, "nullptr"), clash % (2, 2, 2, "nullptr"))
        code, output = self.tool("check-tidy", "--root", str(self.root))
        self.assertEqual(code, 0, output)
        self.assertIn("they do not compile as one text", output)
        self.group(clash % (1, 1, 1, "nullptr"), clash % (2, 2, 2, "0"))
        self.fails("check-tidy", "src/base/1.cc:5:32: error: use nullptr")

    def test_refuses_what_does_not_compile(self):
        self.group("int f() { return 1; }\n", "int g() { return h; }\n")
        self.fails("check-tidy", "src/base/1.cc:1:18: error: use of undeclared identifier 'h'")


class Length(Check):
    def function(self, lines):
        return "int f(int a) {\n" + "  ++a;\n" * (lines - 3) + "  return a;\n}\n"

    def test_accepts_what_is_at_its_ceiling(self):
        self.write("src/base/a.cc", self.function(70) + "\n" * 430)
        self.write("src/base/a.h", "void f(int a, std::map<int, int> b, int c, int d = g(1, 2));\n" + "\n" * 199)
        self.passes("check-length")

    def test_refuses_a_long_file(self):
        self.write("src/base/a.cc", "\n" * 501)
        self.fails("check-length", "src/base/a.cc: 501 lines, more than 500")
        self.write("src/base/a.cc", "")
        self.write("src/base/a.h", "\n" * 201)
        self.fails("check-length", "src/base/a.h: 201 lines, more than 200")

    def test_allows_tests_more_lines(self):
        self.write("src/base/a_test.cc", "\n" * 800)
        self.passes("check-length")

    def test_refuses_a_long_function_wherever_it_stands(self):
        for text in ("{}", "namespace a {{\n{}}}\n", "class A {{\n public:\n{}}};\n", "template <typename T>\n{}"):
            self.write("src/base/a.cc", text.format(self.function(72)))
            self.fails("check-length", "a function of 7")

    def test_refuses_a_long_constructor_behind_braced_members(self):
        self.write("src/base/a.cc", "A::A(int x)\n    : a_{x}, b_(x) {\n" + "  ++a_;\n" * 70 + "}\n")
        self.fails("check-length", "a function of 73 lines")

    def test_does_not_take_a_long_table_or_type_for_a_function(self):
        self.write("src/base/a.cc", "const int k[] = {\n" + "  1,\n" * 90 + "};\nenum class E {\n" + "  k,\n" * 90 + "};\n")
        self.passes("check-length")

    def test_is_not_misled_by_braces_in_text(self):
        self.write("src/base/a.cc", 'const char* a = "{";  // {\nconst char b = \'{\';\n' + self.function(70))
        self.passes("check-length")

    def test_refuses_many_columns(self):
        self.write("src/base/a.cc", "// " + "x" * 98 + "\n")
        self.fails("check-length", "101 columns")

    def test_refuses_many_parameters_in_a_header(self):
        self.write("src/base/a.h", "class A {\n  void f(int a, int b,\n         int c, int d, int e);\n};\n")
        self.fails("check-length", "src/base/a.h:2: 5 parameters, more than 4")

    def test_a_reason_lifts_a_ceiling(self):
        self.write("src/base/a.h", "// check-length: a table of the protocol\nvoid f(int, int, int, int, int);\n")
        self.write("src/base/a.cc", "// check-length: one table\n" + "\n" * 600)
        self.passes("check-length")


class Text(Check):
    def test_accepts_a_clean_tree(self):
        self.write("src/a.cc", house.SPDX + "// a/work/of art, ${X}/root/x\n")
        self.write("README.md", "mktemp -d name." + "X" * 6 + "\n")
        self.passes("check-text")

    def test_refuses_what_must_not_stand_there(self):
        for text, reason in [("see /" + "work/main", "a path of one machine"),
                             ("cd /" + "root/x", "a path of one machine"),
                             ("TO" + "DO later", "a note to do something later"),
                             ("https://registry." + "npm" + "js.org", "the host of a package registry")]:
            self.write("README.md", text + "\n")
            self.fails("check-text", f"README.md:1: {reason}")

    def test_refuses_a_source_without_its_licence_line(self):
        for name, text in [("src/a.cc", "int a;\n"), ("tools/x", "#!/bin/sh\n"), ("a.mjs", "")]:
            path = self.write(name, text)
            self.fails("check-text", f"{name}: no 'SPDX")
            path.unlink()


house.main()
