# cairnfs_mount_test(NAME checkpoint SOURCE checkpoint_test.py [LABELS mount]
#                    [BUCKETS local s3 azure old_s3] [TIMEOUT seconds] [ALONE] [ONLY Class.test]): a
# Python module of tests on real mounts, once for each kind of bucket, the first three unless told;
# those on a server get the label server too. The module ends itself, with clean-up, before ctest would
# kill it, and exits with 77 where the machine lacks what it needs.
function(cairnfs_mount_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "ALONE" "NAME;SOURCE;TIMEOUT;ONLY" "LABELS;BUCKETS")
  if(NOT arg_NAME OR NOT arg_SOURCE OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "cairnfs_mount_test needs NAME and SOURCE: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS mount)
  endif()
  if(NOT arg_BUCKETS)
    set(arg_BUCKETS local s3 azure)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  math(EXPR limit "${arg_TIMEOUT} - 20")
  foreach(bucket IN LISTS arg_BUCKETS)
    set(labels ${arg_LABELS})
    if(NOT bucket STREQUAL local)
      list(APPEND labels server)
    endif()
    set(name ${arg_NAME}_${bucket})
    set(server)
    if(bucket STREQUAL old_s3)
      set(server ${cairnfs_on_old_s3})
      set(bucket s3)
    endif()
    set(environment
      CAIRNFS_BINARY=$<TARGET_FILE:cairnfs> CAIRNFS_TEST_BUCKET=${bucket}
      CAIRNFS_TEST_LIMIT=${limit} PYTHONPATH=${CMAKE_CURRENT_FUNCTION_LIST_DIR})
    add_test(NAME ${name}
      COMMAND ${server} ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/${arg_SOURCE} ${arg_ONLY})
    set_tests_properties(${name} PROPERTIES
      LABELS "${labels}" TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77
      ENVIRONMENT "${environment}")
    if(arg_ALONE)
      set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
    endif()
  endforeach()
endfunction()

find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
