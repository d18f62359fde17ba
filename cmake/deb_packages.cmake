# `make deb`: the packages lqvg-serve (the server, with its private LibTorch) and lqvg-client (`lqvg`), for the Debian
# that they are built on.
if(NOT LQVG_WITH_TORCH)
  return()
endif()
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The lqvg-serve authors <lqvg-serve@localhost>" CACHE STRING "Maintainer of the packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENTS_ALL client load eval server libtorch)
set(CPACK_COMPONENT_CLIENT_GROUP lqvg_client)
set(CPACK_COMPONENT_LOAD_GROUP lqvg_client)
set(CPACK_COMPONENT_EVAL_GROUP lqvg_client)
set(CPACK_COMPONENT_SERVER_GROUP lqvg_serve)
set(CPACK_COMPONENT_LIBTORCH_GROUP lqvg_serve)
set(CPACK_PRE_BUILD_SCRIPTS "${CMAKE_CURRENT_LIST_DIR}/complete_deb.cmake")

set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
# xz takes minutes on LibTorch, and Debian's policy does not know zstd.
set(CPACK_DEBIAN_COMPRESSION_TYPE gzip)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_LQVG_SERVE_PACKAGE_NAME lqvg-serve)
set(CPACK_DEBIAN_LQVG_SERVE_PACKAGE_SECTION science)
set(CPACK_DEBIAN_LQVG_SERVE_PACKAGE_SUGGESTS lqvg-client)
set(CPACK_DEBIAN_LQVG_SERVE_DESCRIPTION
    "gRPC server that finds what expressions describe in pictures
Serves LQVG, a model for visual grounding in remote-sensing images: a picture
and expressions in, boxes and scores out. Brings its own LibTorch for the CPU
and a small demo model. Listens on the loopback interface
unless told otherwise; the service is neither enabled nor started when the
package is installed.")
set(CPACK_DEBIAN_LQVG_SERVE_PACKAGE_CONTROL_EXTRA "${PROJECT_SOURCE_DIR}/deploy/debian/conffiles"
    "${PROJECT_SOURCE_DIR}/deploy/debian/postinst" "${PROJECT_SOURCE_DIR}/deploy/debian/prerm"
    "${PROJECT_SOURCE_DIR}/deploy/debian/postrm")
set(CPACK_DEBIAN_LQVG_CLIENT_PACKAGE_NAME lqvg-client)
set(CPACK_DEBIAN_LQVG_CLIENT_PACKAGE_SECTION science)
set(CPACK_DEBIAN_LQVG_CLIENT_DESCRIPTION
    "command line for lqvg-serve
Asks an LQVG server where in a picture something is, for one picture or for
whole lists of them, draws the boxes, and says whether the server is ready.
lqvg-load measures what a server stands, lqvg-eval how well it answers a data
set. Brings the definition of the service (proto).")
include(CPack)
