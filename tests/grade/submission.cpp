#include "submission.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

#include "text.hpp"

namespace
{

const off_t LARGEST = 256 << 10; // bytes, some forty times what a lesson needs

// A descriptor that is closed with its scope.
class Descriptor {
public:
    explicit Descriptor(int opened) : fd(opened) {}
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    ~Descriptor()
    {
        if (fd != -1)
            close(fd);
    }
    const int fd;
};

std::string kind(mode_t mode)
{
    return S_ISREG(mode)    ? "a file"
           : S_ISDIR(mode)  ? "a folder"
           : S_ISLNK(mode)  ? "a symbolic link, which is not followed"
           : S_ISFIFO(mode) ? "a FIFO"
           : S_ISSOCK(mode) ? "a socket"
                            : "a device";
}

// What keeps the entry name of folder from being used as a file or folder; "" for nothing.
std::string unfit(int folder, const std::string &name, mode_t wanted)
{
    struct stat found;
    if (fstatat(folder, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == -1)
        return errno == ENOENT ? "is missing" : strerror(errno);
    return (found.st_mode & S_IFMT) == wanted ? "" : "is " + kind(found.st_mode);
}

int open_folder(int parent, const std::string &name)
{
    return openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

// Their names, sorted; not the hidden ones, which file managers leave.
std::vector<std::string> entries(int folder)
{
    std::vector<std::string> names;
    DIR *directory = fdopendir(dup(folder));
    if (!directory)
        throw std::runtime_error(strerror(errno));
    rewinddir(directory); // the copy goes on where the last reader of folder has stopped
    while (dirent *entry = readdir(directory))
        if (entry->d_name[0] != '.')
            names.push_back(entry->d_name);
    closedir(directory);
    std::sort(names.begin(), names.end());
    return names;
}

HandedIn read_source(int folder, const std::string &name)
{
    std::string problem = unfit(folder, name, S_IFREG);
    if (!problem.empty())
        return {"", problem};
    // It may have been exchanged since: no link, no waiting for a FIFO's writer.
    Descriptor file(openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat found;
    if (file.fd == -1 || fstat(file.fd, &found) == -1)
        return {"", std::string("cannot be read: ") + strerror(errno)};
    if (!S_ISREG(found.st_mode))
        return {"", "is " + kind(found.st_mode)};
    std::string text(static_cast<size_t>(std::min(found.st_size, LARGEST)) + 1, '\0');
    size_t size = 0;
    ssize_t n = 0;
    while (size < text.size() && (n = read(file.fd, &text[size], text.size() - size)) > 0)
        size += static_cast<size_t>(n);
    if (n == -1)
        return {"", std::string("cannot be read: ") + strerror(errno)};
    if (size > static_cast<size_t>(LARGEST))
        return {"", "is larger than 256 KiB"};
    text.resize(size);
    return text.find('\0') == std::string::npos ? HandedIn{text, ""} : HandedIn{"", "is no text"};
}

// What else is in a lesson's folder, as a note; "" for nothing. What was handed out, and what make leaves
// there, is no news.
std::string others_in(int folder, const std::string &lesson)
{
    const size_t most = 5; // names
    std::string others;
    size_t count = 0;
    for (const std::string &name : entries(folder)) {
        if (name == "server" || name == "client" ||
            access(("lessons/" + lesson + '/' + name).c_str(), F_OK) == 0)
            continue;
        if (count++ < most)
            others += (others.empty() ? "" : ", ") + one_line(name);
    }
    if (count > most)
        others += " and " + std::to_string(count - most) + " more";
    return others.empty() ? "" : lesson + ": ignored: " + others;
}

// A lesson's folder in folder; "" if there is none.
std::string lesson_in(int folder, const std::vector<std::string> &lessons)
{
    if (folder != -1)
        for (const std::string &name : entries(folder))
            if (std::find(lessons.begin(), lessons.end(), name) != lessons.end())
                return name;
    return "";
}

// The folder in folder that may have the lessons, where folder has none: as in a whole kit, or the only one.
std::string way_to_lessons(int folder)
{
    std::vector<std::string> folders;
    for (const std::string &name : entries(folder))
        if (unfit(folder, name, S_IFDIR).empty())
            folders.push_back(name);
    if (std::find(folders.begin(), folders.end(), "lessons") != folders.end())
        return "lessons";
    return folders.size() == 1 ? folders[0] : "";
}

Submission read_submission(int folder, const std::string &student, const std::vector<std::string> &lessons,
                           int depth = 3)
{
    if (depth > 0 && lesson_in(folder, lessons).empty()) {
        std::string way = way_to_lessons(folder);
        Descriptor deeper(way.empty() ? -1 : open_folder(folder, way));
        if (deeper.fd != -1)
            return read_submission(deeper.fd, student, lessons, depth - 1);
    }
    Submission submission{student, {}, {}};
    for (const std::string &name : entries(folder)) {
        std::string problem = unfit(folder, name, S_IFDIR);
        Descriptor lesson(open_folder(folder, name));
        if (std::find(lessons.begin(), lessons.end(), name) == lessons.end()) {
            std::string deeper = lesson_in(lesson.fd, lessons);
            submission.notes.push_back(one_line(name) + " is no lesson: ignored" +
                                       (deeper.empty() ? "" : "; " + deeper + " lies one folder too deep"));
        } else if (!problem.empty())
            submission.notes.push_back(name + ' ' + problem + ": ignored");
        else if (lesson.fd == -1)
            submission.notes.push_back(name + " cannot be read: " + strerror(errno));
        else {
            submission.works.push_back(
                {name, read_source(lesson.fd, "server.cpp"), read_source(lesson.fd, "client.cpp")});
            std::string others = others_in(lesson.fd, name);
            if (!others.empty())
                submission.notes.push_back(others);
        }
    }
    if (submission.works.empty() && submission.notes.empty())
        submission.notes.push_back("no lesson: there should be a folder such as " + lessons[0]);
    for (const Work &work : submission.works) {
        if (!work.server.problem.empty())
            submission.notes.push_back(work.lesson + "/server.cpp " + work.server.problem);
        if (!work.client.problem.empty())
            submission.notes.push_back(work.lesson + "/client.cpp " + work.client.problem);
    }
    return submission;
}

} // namespace

std::vector<Submission> read_submissions(const std::string &folder, const std::vector<std::string> &lessons,
                                         std::vector<std::string> &notes)
{
    Descriptor top(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (top.fd == -1)
        throw std::runtime_error(strerror(errno));
    std::vector<Submission> submissions;
    for (const std::string &name : entries(top.fd)) {
        std::string problem = unfit(top.fd, name, S_IFDIR);
        if (!problem.empty()) {
            notes.push_back(one_line(name) + ' ' + problem + ", no student's folder: ignored");
            continue;
        }
        Descriptor student(open_folder(top.fd, name));
        if (student.fd == -1)
            submissions.push_back({name, {}, {std::string("the folder cannot be read: ") + strerror(errno)}});
        else
            submissions.push_back(read_submission(student.fd, name, lessons));
    }
    return submissions;
}
