// need.hpp: for the calls without which a check cannot be made.
#pragma once

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

// Throws std::runtime_error with step and the reason in errno, unless done.
inline void need(bool done, const std::string &step)
{
    if (!done)
        throw std::runtime_error(step + ": " + strerror(errno));
}
