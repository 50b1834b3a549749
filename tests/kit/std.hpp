// std.hpp: what the lessons' programs include of the standard library, compiled once for all their variants.
#include <algorithm>
#include <string>
#include <vector>
