// Writes scripts with which shells complete a program's command line: names of commands and options, the values of
// those that have few, files and folders for those that name one.
//
// Stateless and thread-safe.
#pragma once

#include <string>

#include "manual/program.h"

namespace lqvg::manual {

// For bash 4 and later; needs nothing of the package bash-completion.
std::string BashCompletion(const Program& program);

// An autoloaded function for a folder of $fpath; the file's name must be _PROGRAM.
std::string ZshCompletion(const Program& program);

// For fish 3 and later.
std::string FishCompletion(const Program& program);

}  // namespace lqvg::manual
