// What this program is: its version and the commit it was built from. Written by the build from version.cc.in.
//
// Constants.
#pragma once

namespace lqvg::serving {

extern const char* const kVersion;  // semantic, of the file VERSION
extern const char* const kCommit;   // 12 digits, "-dirty" when files differed from it; empty when unknown

}  // namespace lqvg::serving
