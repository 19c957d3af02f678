# With MPTAP_PRECOMPILE, the headers of others that most files include are compiled once for all of them: builds that
# are made to be analysed take a third less. Others go without, and so show where a file lacks an include.

function(mptap_own_targets result folder)
  get_property(found DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  get_property(subfolders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(subfolder ${subfolders})
    mptap_own_targets(below ${subfolder})
    list(APPEND found ${below})
  endforeach()
  set(${result} ${found} PARENT_SCOPE)
endfunction()

# An object without code, whose headers others reuse: they need the same flags.
function(mptap_headers_of name)
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/precompiled.cc)
  target_link_libraries(${name} PRIVATE mptap_flags)
  target_precompile_headers(${name} PRIVATE ${ARGN}
    <algorithm> <array> <chrono> <cstdint> <filesystem> <fstream> <functional> <map> <memory> <optional> <set> <span>
    <sstream> <string> <string_view> <thread> <utility> <vector>)
endfunction()

# Not for those that see DPDK or ncurses, whose flags define or include what changes the headers of others. Not for optimized builds by
# g++ 12, either, which no longer sees that what it warns of falsely is not ours.
function(mptap_precompile_headers)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(mptap_flags INTERFACE "SHELL:-Xclang -fno-pch-timestamp")  # ccache gives the file another one
  endif()
  mptap_own_targets(targets ${CMAKE_SOURCE_DIR})
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cc CONTENT "")
  mptap_headers_of(mptap_precompiled)
  if(TARGET mptap_test_main)
    find_package(Catch2 REQUIRED)  # known to tests/unit alone
    mptap_headers_of(mptap_test_precompiled ${PROJECT_SOURCE_DIR}/tests/unit/catch.h)
    get_target_property(flags mptap_test_main COMPILE_OPTIONS)
    target_compile_options(mptap_test_precompiled PRIVATE ${flags})
    target_link_libraries(mptap_test_precompiled PRIVATE Catch2::Catch2)
  endif()
  foreach(target ${targets})
    get_target_property(type ${target} TYPE)
    get_target_property(libraries ${target} LINK_LIBRARIES)
    if(NOT type MATCHES "EXECUTABLE|STATIC_LIBRARY" OR target STREQUAL "mptap_test_main" OR libraries MATCHES "DPDK|CURSES|mptap_bench;|mptap_bench$")
      continue()
    elseif(libraries MATCHES "mptap_test_main")
      target_precompile_headers(${target} REUSE_FROM mptap_test_precompiled)
    else()
      target_precompile_headers(${target} REUSE_FROM mptap_precompiled)
    endif()
  endforeach()
endfunction()
