# lqvg_test(NAME SOURCES a.cc... LIBS lib... LABELS label): a GoogleTest executable, one ctest entry per test. The label
# is one of: unit; socket (gRPC in this process, which the thread sanitizer cannot see into); model (LibTorch); parity; e2e.
include(GoogleTest)

function(lqvg_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;LABELS" "SOURCES;LIBS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE lqvg_compile_options GTest::gmock GTest::gtest GTest::gtest_main ${ARG_LIBS})
  target_compile_definitions(${name} PRIVATE LQVG_SOURCE_DIR="${CMAKE_SOURCE_DIR}" LQVG_BINARY_DIR="${CMAKE_BINARY_DIR}")
  # ctest starts the dearest first: so units come first, side by side. The others use every core or a whole model's memory.
  set(order COST 100)
  if(NOT ARG_LABELS MATCHES "^(unit|socket)$")
    set(order COST 1 RUN_SERIAL TRUE)
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${ARG_LABELS} TIMEOUT ${ARG_TIMEOUT} ${order})
endfunction()
