// compile.cpp: that a program means the same, and compiles, whether its headers were read ahead or not.
#include "../harness/compile.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>

namespace
{

namespace fs = std::filesystem;

// A kit with one program, in a folder of its own: the compiler runs here, and keeps headers here.
struct Kit {
    fs::path before = fs::current_path(), top;
    Source source;
    std::string command = compiler("-O0");

    Kit()
    {
        char folder[] = "build/kit-XXXXXX";
        REQUIRE(mkdtemp(folder));
        top = before / folder;
        fs::create_directories(top / "common");
        fs::create_directories(top / "lessons/09-odd");
        std::ofstream(top / "common/error.hpp").flush();
        source = {"lessons/09-odd", "server"};
        fs::current_path(top);
    }
    ~Kit()
    {
        fs::current_path(before);
        fs::remove_all(top);
    }

    Built build(const std::string &text)
    {
        std::ofstream(top / "lessons/09-odd/server.cpp") << text;
        return compile(source, command, top / "server", false);
    }

    // Whether there was something to read, and it was read.
    bool reads_ahead()
    {
        pid_t reader = read_ahead(source, command, false);
        int status = 1;
        return reader != 0 && waitpid(reader, &status, 0) == reader && status == 0;
    }

    fs::path headers() { return fs::directory_iterator(top / "build/headers")->path(); }
};

} // namespace

TEST_CASE("complaints are the same when headers were read ahead")
{
    Kit kit;
    const std::string wrong = "#include <stdio.h>\n\nint main()\n{\n    puts(1);\n}\n";
    Built before = kit.build(wrong);
    REQUIRE(kit.reads_ahead());
    CHECK_FALSE(kit.reads_ahead()); // once is enough
    Built after = kit.build(wrong);
    CHECK_FALSE(before.done);
    CHECK_FALSE(after.done);
    CHECK(before.said == after.said);
    CHECK(kit.build("#include <stdio.h>\n\nint main()\n{\n    puts(\"1\");\n}\n").done);
}

TEST_CASE("only what comes before everything else is read ahead")
{
    Kit kit;
    kit.build("#define NDEBUG\n#include <cassert>\nint main() {}\n");
    CHECK_FALSE(kit.reads_ahead());
    kit.build("// It ends \\\n#include <stdio.h>\nint main() {}\n");
    CHECK_FALSE(kit.reads_ahead());
}

TEST_CASE("headers that were read ahead are not read again")
{
    Kit kit;
    kit.build("// More.\n\n#include <stdio.h>\n#include <time.h>\nint main() {}\n");
    REQUIRE(kit.reads_ahead());
    fs::path more = kit.headers();
    fs::rename(more, kit.top / "more");
    const std::string lacks_time = "#include <stdio.h>\nint main() { return time(nullptr) == 0; }\n";
    CHECK_FALSE(kit.build(lacks_time).done);
    REQUIRE(kit.reads_ahead());
    fs::rename(kit.top / "more", kit.headers());
    if (kit.command.find("clang") == std::string::npos) // it does not take what the other header was made of
        CHECK(kit.build(lacks_time).done);
}

TEST_CASE("headers that cannot be used are read again")
{
    Kit kit;
    kit.build("#include <stdio.h>\nint main() {}\n");
    REQUIRE(kit.reads_ahead());
    std::ofstream(kit.headers()) << "no headers";
    CHECK(kit.build("#include <stdio.h>\nint main() { return puts(\"1\"); }\n").done);
}

TEST_CASE("the linker's complaints name the source as the student does")
{
    Kit kit;
    kit.command = compiler("-g");
    const std::string said = kit.build("int f();\nint main()\n{\n    return f();\n}\n").said;
    CHECK(said.find("lessons/09-odd/server.cpp:4") != std::string::npos);
    CHECK(said.find("copy/of-the-kit") == std::string::npos);
}
