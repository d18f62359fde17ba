# What `cmake --install BUILD_DIR --prefix PREFIX [--component NAME]` lays down. Components: `client` (the command
# line), `load` (the load generator), `eval` (the evaluation), `server`, and `libtorch`, the libraries of others that the server needs: apart,
# because they change with a pin and not with a commit. The tree can be moved: nothing in it knows PREFIX.
include(GNUInstallDirs)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # installing builds nothing

# Fixed: CMAKE_INSTALL_LIBDIR depends on the prefix that was configured, and this one is chosen when installing.
set(LQVG_PRIVATE_LIBDIR lib/lqvg-serve)
set(LQVG_DATADIR "${CMAKE_INSTALL_DATADIR}/lqvg-serve")
set(LQVG_GENERATED_SHARE "${PROJECT_BINARY_DIR}/share")  # manual pages and completions, where they have been made

# install_manual(NAME COMPONENT): the manual page and the completions of a program, if they have been made.
function(install_manual name component)
  foreach(page IN ITEMS "man/man1/${name}.1" "bash-completion/completions/${name}" "zsh/site-functions/_${name}"
                        "fish/vendor_completions.d/${name}.fish")
    get_filename_component(folder "${page}" DIRECTORY)
    install(FILES "${LQVG_GENERATED_SHARE}/${page}" DESTINATION "${CMAKE_INSTALL_DATADIR}/${folder}"
            COMPONENT ${component} OPTIONAL)
  endforeach()
endfunction()

install(TARGETS lqvg RUNTIME COMPONENT client)
install(DIRECTORY proto/google proto/grpc proto/lqvg DESTINATION "${LQVG_DATADIR}/proto" COMPONENT client
        FILES_MATCHING PATTERN "*.proto")
install(FILES LICENSE NOTICE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/lqvg-client" COMPONENT client)
install_manual(lqvg client)
install(TARGETS lqvg-load RUNTIME COMPONENT load)
install_manual(lqvg-load load)
install(TARGETS lqvg-eval RUNTIME COMPONENT eval)
install_manual(lqvg-eval eval)

if(LQVG_WITH_TORCH)
  file(RELATIVE_PATH libtorch_from_bin "/${CMAKE_INSTALL_BINDIR}" "/${LQVG_PRIVATE_LIBDIR}/torch/lib")
  set_target_properties(lqvg-server PROPERTIES INSTALL_RPATH "$ORIGIN/${libtorch_from_bin}")
  install(TARGETS lqvg-server RUNTIME COMPONENT server)
  install(DIRECTORY models/demo DESTINATION "${LQVG_DATADIR}/models" COMPONENT server)
  install(FILES LICENSE NOTICE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/lqvg-serve" COMPONENT server)
  install(FILES deploy/systemd/lqvg-serve.service DESTINATION lib/systemd/system COMPONENT server)
  install(FILES deploy/systemd/lqvg-serve.default DESTINATION "${LQVG_DATADIR}" COMPONENT server)
  install_manual(lqvg-server server)

  # The layout of the wheels, because LibTorch looks for NVIDIA's libraries in $ORIGIN/../../nvidia/cu13/lib. What
  # --device cuda needs beside these goes to the same places (see the Dockerfile).
  install(FILES "${LQVG_LIBTORCH}/torch/lib/libtorch_cpu.so" "${LQVG_LIBTORCH}/torch/lib/libc10.so"
                "${LQVG_LIBTORCH}/torch/lib/libgomp.so.1"
          DESTINATION ${LQVG_PRIVATE_LIBDIR}/torch/lib COMPONENT libtorch)
  install(FILES "${LQVG_LIBTORCH}/nvidia/cu13/lib/libcudart.so.13" "${LQVG_LIBTORCH}/nvidia/cu13/lib/libcupti.so.13"
          DESTINATION ${LQVG_PRIVATE_LIBDIR}/nvidia/cu13/lib COMPONENT libtorch)
  # 93 of the 451 MB of libtorch_cpu are a symbol table for debuggers. With the dates kept, a second run copies nothing.
  install(CODE "
    set(libraries \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${LQVG_PRIVATE_LIBDIR}/torch/lib\")
    execute_process(COMMAND \"${CMAKE_STRIP}\" --strip-unneeded --preserve-dates
      \"\${libraries}/libtorch_cpu.so\" \"\${libraries}/libc10.so\" COMMAND_ERROR_IS_FATAL ANY)"
          COMPONENT libtorch)
  foreach(wheel IN ITEMS torch nvidia_cuda_runtime nvidia_cuda_cupti)
    file(GLOB licenses "${LQVG_LIBTORCH}/${wheel}-*.dist-info/licenses/*")
    install(FILES ${licenses} DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/lqvg-serve/${wheel}" COMPONENT libtorch)
  endforeach()
endif()
