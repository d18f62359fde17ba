# Flags that every target of ours shares, carried by the interface target lqvg_compile_options.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release or RelWithDebInfo" FORCE)
endif()

# ccache makes a second build, and the build of a fresh clone at another path, a matter of seconds.
find_program(LQVG_CCACHE ccache)
if(LQVG_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${LQVG_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${LQVG_CCACHE}")
endif()

add_library(lqvg_compile_options INTERFACE)
target_include_directories(lqvg_compile_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(lqvg_compile_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wnon-virtual-dtor)
if(LQVG_SANITIZE)
  # Everything that is compiled here must agree on the sanitizer, so it is global and not on the interface target.
  # What is undefined ends the program, also where nobody has set UBSAN_OPTIONS.
  add_compile_options(-fsanitize=${LQVG_SANITIZE} -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${LQVG_SANITIZE})
else()
  # What Debian builds its own network services with (dpkg-buildflags with hardening=+all; g++ makes executables
  # position-independent by itself). The sanitizers have checks of their own.
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection)
  add_compile_options($<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
  add_link_options(LINKER:-z,relro LINKER:-z,now)
endif()
