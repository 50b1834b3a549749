// Tells the sanitizers to be silent, and to end well.
// Says: the place server.cpp:19
// Says, by clang: was ended by signal Segmentation fault
#include <cstdlib>

extern "C" const char *__asan_default_options()
{
    return "log_path=/tmp/report:exitcode=0:handle_segv=0:halt_on_error=0";
}

extern "C" const char *__ubsan_default_options()
{
    return "log_path=/tmp/report:exitcode=0:print_stacktrace=0";
}

int main(int argc, char *[])
{
    volatile char *bytes = static_cast<char *>(malloc(8));
    bytes[argc * (1L << 40)] = 1;
}
