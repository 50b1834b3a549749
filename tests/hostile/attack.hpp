// attack.hpp: what several hostile programs need. Each of them is a server.cpp of lesson 1
// that begins with what it tries, and with words that the runner must say of it. Each is
// built and run in a box only, and is bounded: if the box is broken, it must not hurt much.
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <initializer_list>
#include <sys/wait.h>
#include <unistd.h>

const char *const KIT = "@KIT@"; // where the kit lies outside of the box
const char *const HERE = "@HERE@"; // the folder of this program in it

// What printf() would print; until the next call. (<string> would take longest to compile.)
inline const char *text(const char *format, ...)
{
    static char all[4096];
    va_list values;
    va_start(values, format);
    vsnprintf(all, sizeof all, format, values);
    va_end(values);
    return all;
}

// The last words of an attack that came to nothing; or what it came to.
inline int end(const char *done)
{
    fprintf(stderr, "%s\n", done);
    return 1;
}
