# The target `lint`: layout and habits, checked by tools so that a review never argues them.

file(GLOB_RECURSE lint_c CONFIGURE_DEPENDS src/*.c include/*.h src/*.h spec/*.c bench/*.c)
set(lint_units ${lint_c})
list(FILTER lint_units INCLUDE REGEX "/src/.*\\.c$")

find_program(CLANG_FORMAT clang-format)
find_program(CLANG_TIDY clang-tidy)
find_program(RUN_CLANG_TIDY NAMES run-clang-tidy run-clang-tidy-14)
find_program(LUACHECK luacheck)

add_custom_target(lint COMMENT "clang-format, clang-tidy, luacheck" WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
if(CLANG_FORMAT AND RUN_CLANG_TIDY AND LUACHECK)
  add_custom_command(TARGET lint POST_BUILD
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    COMMAND ${CLANG_FORMAT} --dry-run --Werror ${lint_c}
    COMMAND ${LUACHECK} --quiet lua spec examples bench
    COMMAND sh -c "\"$@\" >${CMAKE_BINARY_DIR}/tidy.log 2>&1 || { grep -E 'warning:|error:' ${CMAKE_BINARY_DIR}/tidy.log; exit 1; }" tidy
            ${RUN_CLANG_TIDY} -quiet -p ${CMAKE_BINARY_DIR} ${lint_units}
    VERBATIM)
else()
  add_custom_command(TARGET lint POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E echo "lint needs clang-format, clang-tidy and luacheck: run tools/install-deps ci"
    COMMAND ${CMAKE_COMMAND} -E false)
endif()
