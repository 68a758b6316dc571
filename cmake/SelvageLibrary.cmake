# selvage_library(NAME [DEPS folder...] [THIRD_PARTY target...])
#   One folder of src/ as the static library selvage_NAME, its unit tests (*_test.cc) as NAME_test,
#   and NAME_link_test, which links the whole library with nothing but what it declares.
# DEPS must equal the folder's line in src/LAYERS; configuring stops if it does not.

file(STRINGS ${CMAKE_SOURCE_DIR}/src/LAYERS SELVAGE_LAYERS REGEX "^[a-z]")
set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             ${CMAKE_SOURCE_DIR}/src/LAYERS)

function(selvage_check_layers name deps)
  foreach(line IN LISTS SELVAGE_LAYERS)
    if(line MATCHES "^${name} +[0-9]:(.*)$")
      string(STRIP "${CMAKE_MATCH_1}" allowed)
      string(REPLACE " " ";" allowed "${allowed}")
      list(SORT allowed)
      list(SORT deps)
      if(NOT "${allowed}" STREQUAL "${deps}")
        message(FATAL_ERROR "src/${name}: DEPS are '${deps}' but src/LAYERS says '${allowed}'")
      endif()
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "src/${name} has no line in src/LAYERS")
endfunction()

function(selvage_library name)
  cmake_parse_arguments(ARG "" "" "DEPS;THIRD_PARTY" ${ARGN})
  selvage_check_layers(${name} "${ARG_DEPS}")
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  add_library(selvage_${name} STATIC ${sources})
  target_include_directories(selvage_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(selvage_${name} PUBLIC fmt::fmt Threads::Threads PRIVATE ${ARG_THIRD_PARTY})
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(selvage_${name} PUBLIC selvage_${dep})
  endforeach()

  add_executable(${name}_link_test ${CMAKE_SOURCE_DIR}/cmake/link_test.cc)
  target_link_libraries(${name}_link_test PRIVATE -Wl,--whole-archive selvage_${name}
                                                  -Wl,--no-whole-archive selvage_${name})
  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE selvage_${name} GTest::gtest_main GTest::gmock)
    target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR})
    add_test(NAME unit.${name} COMMAND ${name}_test)
  endif()
endfunction()
