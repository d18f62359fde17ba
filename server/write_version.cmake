# Writes OUTPUT from version.cc.in, and only when it would change: run by every build, because a commit or an edit
# between two builds changes no file that CMake watches.
# usage: cmake -DSOURCE_DIR=... -DOUTPUT=... -DLQVG_VERSION=... [-DLQVG_COMMIT=...] -P write_version.cmake
# LQVG_COMMIT names the commit where the source tree has no .git, as in the build of the image.
find_program(git git)
if(git AND EXISTS "${SOURCE_DIR}/.git")
  execute_process(COMMAND "${git}" --no-optional-locks -C "${SOURCE_DIR}" describe --always --dirty --abbrev=12 --exclude=*
                  OUTPUT_VARIABLE LQVG_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
configure_file("${SOURCE_DIR}/server/version.cc.in" "${OUTPUT}" @ONLY)
