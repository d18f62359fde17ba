# LQVG_PORTABLE: abseil, OpenCV and libcrypto become Debian's archives of the same code. As shared libraries they are 30
# files, or bring LAPACK and X11 along; linked this way, next to nothing of them is left. The codecs stay shared: they
# are few, and travel beside the programs.
add_link_options(LINKER:--gc-sections)  # drops most of OpenCV, and with it what it wants of LAPACK

# lqvg_use_archive(TARGET PROPERTY): the archive beside the shared library that PROPERTY of TARGET names.
function(lqvg_use_archive target property)
  get_target_property(shared ${target} ${property})
  string(REGEX REPLACE "\\.so(\\..*)?$" ".a" archive "${shared}")
  if(NOT EXISTS "${archive}")
    message(FATAL_ERROR "${target}: ${shared} has no archive beside it")
  endif()
  set_target_properties(${target} PROPERTIES ${property} "${archive}")
endfunction()

get_property(imported DIRECTORY PROPERTY IMPORTED_TARGETS)
list(FILTER imported INCLUDE REGEX "^absl::")
foreach(target IN LISTS imported)
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL "INTERFACE_LIBRARY")
    lqvg_use_archive(${target} IMPORTED_LOCATION_NONE)
  endif()
endforeach()
foreach(target IN ITEMS opencv_core opencv_imgproc OpenSSL::Crypto)
  lqvg_use_archive(${target} IMPORTED_LOCATION)
endforeach()

# An archive does not say what it needs.
find_library(LQVG_tbb tbb REQUIRED)
add_library(lqvg_no_opengl STATIC "${CMAKE_CURRENT_LIST_DIR}/no_opengl.c")
target_link_libraries(opencv_core INTERFACE lqvg_no_opengl "${LQVG_tbb}" ZLIB::ZLIB Threads::Threads ${CMAKE_DL_LIBS})
target_link_libraries(opencv_imgproc INTERFACE opencv_core)
target_link_libraries(OpenSSL::Crypto INTERFACE Threads::Threads ${CMAKE_DL_LIBS})
