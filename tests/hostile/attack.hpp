// attack.hpp: what several hostile programs need. Each of them is a server.cpp of lesson 1
// that begins with what it tries, and with words that the runner must say of it. Each is
// built and run in a box only, and is bounded: if the box is broken, it must not hurt much.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const KIT = "@KIT@"; // where the kit lies outside of the box
const char *const HERE = "@HERE@"; // the folder of this program in it

// The last words of an attack that came to nothing; or what it came to.
inline int end(const char *done)
{
    fprintf(stderr, "%s\n", done);
    return 1;
}
