// Writes a program's manual page.
//
// Stateless and thread-safe.
#pragma once

#include <string>

#include "manual/program.h"

namespace lqvg::manual {

// Section 1, in the macros of man(7), which groff and mandoc both read. The same program gives the same bytes: there is
// no date.
std::string ManPage(const Program& program);

}  // namespace lqvg::manual
