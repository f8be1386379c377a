# A room is one static library. It exports its own folder as include path and
# nothing else, so that an include against the order of the rooms fails.
#
#   idle_room(name SOURCES a.c b.c  USES rooms-in-our-headers  HIDES rooms-in-our-.c-files)

option(IDLE_WERROR "treat warnings as errors" OFF)
option(IDLE_SANITIZE "build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(IDLE_FUZZ "make fuzzers of the targets in spec/fuzz; needs clang" OFF)

add_library(idle_flags INTERFACE)
target_compile_features(idle_flags INTERFACE c_std_11)
target_compile_definitions(idle_flags INTERFACE _GNU_SOURCE)
target_compile_options(idle_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes
                                            -Wmissing-prototypes -Wvla -fstack-protector-strong)
if(IDLE_WERROR)
  target_compile_options(idle_flags INTERFACE -Werror)
endif()
if(IDLE_FUZZ)
  target_compile_options(idle_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(IDLE_SANITIZE)
  target_compile_options(idle_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                                              -fno-omit-frame-pointer)
  target_link_options(idle_flags INTERFACE -fsanitize=address,undefined)
  target_compile_definitions(idle_flags INTERFACE IDLE_SANITIZED)
else()
  # Hardening; _FORTIFY_SOURCE hides overruns from ASan, hence the else.
  target_compile_options(idle_flags INTERFACE $<$<CONFIG:Release>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>
                                              $<$<CONFIG:Release>:-fstack-clash-protection -fcf-protection>)
  target_link_options(idle_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

function(idle_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES;HIDES" ${ARGN})
  add_library(${name} STATIC ${ROOM_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ROOM_USES} PRIVATE ${ROOM_HIDES} idle_flags)
endfunction()
