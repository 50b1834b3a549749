// Removes what it finds around it: its own executable and source first.
// Says: removed nothing
#include "attack.hpp"

#include <dirent.h>

int main()
{
    int removed = 0;
    for (const char *root : {"", "/proc/1/root", "/proc/1/cwd/..", "/proc/self/cwd/../../../../.."}) {
        if (DIR *files = opendir(text("%s%s/%s", root, KIT, HERE)))
            while (dirent *file = readdir(files))
                removed += unlink(text("%s%s/%s/%s", root, KIT, HERE, file->d_name)) == 0;
    }
    for (const char *file : {"/etc/hostile-victim", "/usr/hostile-victim"}) {
        int fd = open(file, O_CREAT | O_WRONLY, 0600);
        if (fd != -1)
            removed += unlink(file) == 0; // where it can make one it could remove others
    }
    return end(removed ? "removed files" : "removed nothing");
}
