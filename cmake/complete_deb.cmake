# Run by CPack before it packs: adds to the staged trees what only a Debian package has. CPACK_TEMPORARY_DIRECTORY holds
# one tree for each package, named after its group.
set(source "${CMAKE_CURRENT_LIST_DIR}/..")
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # of SOURCE_DATE_EPOCH, where it is set

file(MAKE_DIRECTORY "${CPACK_TEMPORARY_DIRECTORY}/lqvg_serve/etc/default")
file(RENAME "${CPACK_TEMPORARY_DIRECTORY}/lqvg_serve/usr/share/lqvg-serve/lqvg-serve.default"
            "${CPACK_TEMPORARY_DIRECTORY}/lqvg_serve/etc/default/lqvg-serve")

foreach(package IN ITEMS lqvg-serve lqvg-client)
  string(REPLACE "-" "_" group "${package}")
  set(root "${CPACK_TEMPORARY_DIRECTORY}/${group}")
  set(doc "${root}/usr/share/doc/${package}")
  file(READ "${doc}/NOTICE" notice)
  file(WRITE "${doc}/copyright"
       "${notice}\nOn Debian systems the Apache License 2.0 is in /usr/share/common-licenses/Apache-2.0.\n")
  file(REMOVE "${doc}/NOTICE" "${doc}/LICENSE")
  file(COPY_FILE "${source}/CHANGELOG.md" "${doc}/changelog")
  file(WRITE "${doc}/changelog.Debian"
       "${package} (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium\n\n"
       "  * Built from the source tree of this version; changelog.gz says what changed.\n\n"
       " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
  file(GLOB pages "${root}/usr/share/man/man1/*.1")
  foreach(text IN LISTS pages ITEMS "${doc}/changelog" "${doc}/changelog.Debian")
    execute_process(COMMAND gzip --best --no-name --force "${text}" COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  # Folders of manual pages and completions that were not made.
  execute_process(COMMAND find "${root}" -type d -empty -delete COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND chmod -R u=rwX,go=rX "${root}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
