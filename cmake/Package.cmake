# The Debian package: cpack --preset release (docs/install.md). What the program says of itself,
# manual page and completions, is asked of it when it is packed.
file(STRINGS ${PROJECT_SOURCE_DIR}/src/base/version.h version REGEX "kVersion = ")
string(REGEX REPLACE ".*\"(.*)\".*" "\\1" CPACK_PACKAGE_VERSION ${version})
set(deb ${PROJECT_SOURCE_DIR}/deploy/deb)
set(made ${CMAKE_BINARY_DIR}/package)
configure_file(${deb}/changelog.in ${made}/changelog @ONLY)

install(TARGETS logi DESTINATION usr/bin)
install(CODE "
  function(logi_says to)
    execute_process(COMMAND ${CMAKE_BINARY_DIR}/logi \${ARGN} OUTPUT_FILE ${made}/\${to} COMMAND_ERROR_IS_FATAL ANY)
  endfunction()
  logi_says(logi.1 manual)
  logi_says(logi.bash completion bash)
  logi_says(_logi completion zsh)
  logi_says(logi.fish completion fish)
  execute_process(COMMAND gzip -9nkf logi.1 changelog WORKING_DIRECTORY ${made} COMMAND_ERROR_IS_FATAL ANY)")
install(FILES ${made}/logi.1.gz DESTINATION usr/share/man/man1)
install(FILES ${made}/logi.bash DESTINATION usr/share/bash-completion/completions RENAME logi)
install(FILES ${made}/_logi DESTINATION usr/share/zsh/vendor-completions)
install(FILES ${made}/logi.fish DESTINATION usr/share/fish/vendor_completions.d)
install(FILES ${deb}/server.yaml ${deb}/agent.yaml DESTINATION etc/logi)
install(FILES ${deb}/logi.service ${deb}/logi-agent.service DESTINATION lib/systemd/system)
file(GLOB pages ${PROJECT_SOURCE_DIR}/docs/*.md)
install(FILES ${pages} ${PROJECT_SOURCE_DIR}/README.md ${deb}/copyright ${made}/changelog.gz DESTINATION usr/share/doc/logi)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME logi)
set(CPACK_PACKAGE_CONTACT "The maintainers of Logi <maintainers@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "log store that speaks Loki's API and LogQL")
set(CPACK_PACKAGE_DESCRIPTION
"One program: the store, an agent that takes Promtail's configuration, and
a command line that takes logcli's commands. Any client of Grafana Loki,
Grafana itself included, works with it unchanged.
.
The units logi.service and logi-agent.service are installed and not enabled.")
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, tzdata")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${deb}/conffiles ${deb}/postinst ${deb}/prerm ${deb}/postrm)
# The scripts' own permissions, which are those that policy asks for.
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
