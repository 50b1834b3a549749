// format.hpp: numbers for people.
#pragma once

#include <cmath>
#include <cstdio>
#include <string>

// Three digits that count: 0.18, 1.03, 15.7, 317.
inline std::string short_number(double value)
{
    int digits =
        value == 0 ? 1 : static_cast<int>(std::floor(std::log10(value) + 0.0022)) + 1; // 9.996 is 10.0
    char text[32];
    snprintf(text, sizeof text, "%.*f", digits >= 3 ? 0 : digits < 1 ? 2 : 3 - digits, value);
    return text;
}

// The same without zeros at the end: 10, 0.5.
inline std::string round_number(double value)
{
    std::string text = short_number(value);
    if (text.find('.') != std::string::npos)
        text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.')
        text.pop_back();
    return text;
}

// With a comma before every third digit.
inline std::string with_commas(size_t value)
{
    std::string text = std::to_string(value);
    for (size_t at = text.size(); at > 3; at -= 3)
        text.insert(at - 3, ",");
    return text;
}

inline std::string clients(size_t count)
{
    return with_commas(count) + (count == 1 ? " client" : " clients");
}

// Nanoseconds in the unit that fits.
inline std::string duration(double ns, std::string (*number)(double) = short_number)
{
    if (ns < 999.5e3)
        return number(ns / 1e3) + " µs";
    return ns < 999.5e6 ? number(ns / 1e6) + " ms" : number(ns / 1e9) + " s";
}
