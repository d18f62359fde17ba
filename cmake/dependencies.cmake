# Everything that we did not write: Debian's packages, and LibTorch from the pinned PyPI wheel in .deps/libtorch.
option(LQVG_PORTABLE "Link abseil, OpenCV and libcrypto from their archives: for machines without them (tools/make_cuda_bundle.py)" OFF)
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(TIFF REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto SSL)
find_package(nlohmann_json REQUIRED)
find_package(pugixml REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(GTest REQUIRED)

# Not find_package(OpenCV): its CMake files are in libopencv-dev, which brings 338 packages more than these two modules.
find_path(LQVG_OPENCV_INCLUDE opencv2/imgproc.hpp PATH_SUFFIXES opencv4 REQUIRED)
foreach(module IN ITEMS opencv_core opencv_imgproc)
  find_library(LQVG_${module} ${module} REQUIRED)
  add_library(${module} UNKNOWN IMPORTED)
  set_target_properties(${module} PROPERTIES IMPORTED_LOCATION "${LQVG_${module}}"
                                             INTERFACE_INCLUDE_DIRECTORIES "${LQVG_OPENCV_INCLUDE}")
endforeach()

if(LQVG_PORTABLE)
  include(portable_linking)
endif()

if(LQVG_WITH_TORCH)
  set(LQVG_LIBTORCH "${CMAKE_SOURCE_DIR}/.deps/libtorch" CACHE PATH "Where tools/install_dependencies.sh unpacked the torch wheel")
  if(NOT EXISTS "${LQVG_LIBTORCH}/torch/lib/libtorch_cpu.so")
    message(FATAL_ERROR "LibTorch is not in ${LQVG_LIBTORCH}: run `make deps`, or configure with -DLQVG_WITH_TORCH=OFF")
  endif()
  # Not find_package(Torch): its CMake files look for CUDA and protobuf, and put torch's own protobuf 3.13 and fmt 12
  # headers on everybody's include path. lqvg_model alone links this target, PRIVATE and last.
  add_library(lqvg_torch INTERFACE)
  target_include_directories(lqvg_torch SYSTEM INTERFACE "${LQVG_LIBTORCH}/torch/include")
  target_link_libraries(lqvg_torch INTERFACE "${LQVG_LIBTORCH}/torch/lib/libtorch_cpu.so" "${LQVG_LIBTORCH}/torch/lib/libc10.so")
endif()
