// What students have written must not break the files that tell their marks.
#include <doctest/doctest.h>

#include "../grade/text.cpp"

TEST_CASE("text that is fit for a file is left as it is")
{
    const std::string fit = "a line\n\ta tab, ü, 漢, 😀, \\ and ~";
    CHECK(clean(fit) == fit);
}

TEST_CASE("control characters are written out")
{
    CHECK(clean(std::string("\0\x1b[31m\r\x7f", 8)) == "\\x00\\x1b[31m\\x0d\\x7f");
    CHECK(clean("\xc2\x9b") == "\\xc2\\x9b"); // the same as ESC [
    CHECK(one_line("a\nb\tc") == "a\\nb\\tc");
}

TEST_CASE("what is no UTF-8 is written out byte by byte")
{
    CHECK(clean("\xff") == "\\xff");
    CHECK(clean("\x80") == "\\x80");
    CHECK(clean("\xc3") == "\\xc3");                            // cut short
    CHECK(clean("\xe2\x82z") == "\\xe2\\x82z");                 // likewise
    CHECK(clean("\xc0\xaf") == "\\xc0\\xaf");                   // longer than need be
    CHECK(clean("\xe0\x80\xaf") == "\\xe0\\x80\\xaf");          // likewise
    CHECK(clean("\xed\xa0\x80") == "\\xed\\xa0\\x80");          // half of a surrogate pair
    CHECK(clean("\xef\xbf\xbf") == "\\xef\\xbf\\xbf");          // U+FFFF, which XML forbids
    CHECK(clean("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80"); // beyond U+10FFFF
}

TEST_CASE("each format has its own quoting")
{
    CHECK(json("\"\\\n\t\x01") == R"("\"\\\n\t\\x01")");
    CHECK(xml("a<b & \"c\">\x02") == "a&lt;b &amp; &quot;c&quot;&gt;\\x02");
    CHECK(xml("]]>") == "]]&gt;");
    CHECK(csv("a,\"b\"") == "\"a,\"\"b\"\"\"");
    CHECK(csv("=1+1") == "\"'=1+1\"");
}

TEST_CASE("columns are counted in characters")
{
    CHECK(columns("ü漢") == 2);
}
