# Writes commit.h: cmake -D to=FILE -P commit.cmake
execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/commit_name OUTPUT_VARIABLE VCS_TAG OUTPUT_STRIP_TRAILING_WHITESPACE)
configure_file(${CMAKE_CURRENT_LIST_DIR}/commit.h.in ${to} @ONLY)
