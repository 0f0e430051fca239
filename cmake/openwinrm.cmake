# One folder = one target = one namespace. winrm_library(NAME) builds the folder's library as winrm_<name>;
# LINK lists the folders it may include: that list is the include rule of ARCHITECTURE.md.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

add_library(winrm_options INTERFACE)
target_compile_options(winrm_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  # GCC 12 sees overlapping copies in std::string's operator+ where there are none (GCC bug 105329).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  -fstack-protector-strong $<$<BOOL:${OPENWINRM_WERROR}>:-Werror>)
target_compile_definitions(winrm_options INTERFACE _GLIBCXX_ASSERTIONS
  $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
target_link_options(winrm_options INTERFACE -Wl,-z,relro,-z,now)
if(OPENWINRM_SANITIZE)
  target_compile_options(winrm_options INTERFACE -fsanitize=${OPENWINRM_SANITIZE} -fno-omit-frame-pointer)
  if(OPENWINRM_SANITIZE MATCHES "undefined")
    target_compile_options(winrm_options INTERFACE -fno-sanitize-recover=undefined)
  endif()
  if(OPENWINRM_SANITIZE MATCHES "thread")
    # TSan knows no fences; Asio's serve loops shared by threads, and ours never are.
    target_compile_definitions(winrm_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
  target_link_options(winrm_options INTERFACE -fsanitize=${OPENWINRM_SANITIZE})
  target_compile_definitions(winrm_options INTERFACE OPENWINRM_SANITIZED=1)
endif()

# Read by the compiler once, not by each file. The optimised build has it off, so that each file names what it includes; a
# compiler cache does better without.
option(OPENWINRM_PRECOMPILE "Precompile the headers that most files include" OFF)
if(CMAKE_CXX_COMPILER_LAUNCHER)
  set(OPENWINRM_PRECOMPILE OFF)
endif()
set(winrm_common_headers <algorithm> <chrono> <functional> <map> <memory> <optional> <string> <string_view> <variant> <vector>)
function(winrm_precompile target)
  if(NOT OPENWINRM_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET winrm_headers)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/headers.cpp CONTENT "")
    add_library(winrm_headers STATIC ${PROJECT_BINARY_DIR}/headers.cpp)
    target_link_libraries(winrm_headers PRIVATE winrm_options)
    target_precompile_headers(winrm_headers PRIVATE ${winrm_common_headers})
  endif()
  target_precompile_headers(${target} REUSE_FROM winrm_headers)
endfunction()

function(winrm_library name)
  cmake_parse_arguments(A "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(winrm_${name} STATIC ${A_SOURCES})
  target_include_directories(winrm_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  target_link_libraries(winrm_${name} PUBLIC ${A_LINK}
    PRIVATE $<BUILD_INTERFACE:winrm_options> ${A_PRIVATE_LINK})
  winrm_precompile(winrm_${name})
endfunction()

function(winrm_program name)
  cmake_parse_arguments(A "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE winrm_options ${A_LINK})
endfunction()

# Half the time of compiling: what is tested is optimised, and looked through for undefined behaviour, as its build says; the
# tests themselves are not.
set(winrm_test_flags $<$<CONFIG:Debug>:-O0>)
if(OPENWINRM_SANITIZE MATCHES "undefined")
  list(APPEND winrm_test_flags -fno-sanitize=undefined)
endif()

function(winrm_precompile_test target)
  if(NOT OPENWINRM_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET test_headers)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/test_headers.cpp CONTENT "int main() {}\n")
    add_executable(test_headers ${PROJECT_BINARY_DIR}/test_headers.cpp)
    target_link_libraries(test_headers PRIVATE winrm_options GTest::gtest)
    target_compile_options(test_headers PRIVATE ${winrm_test_flags})
    target_precompile_headers(test_headers PRIVATE <gtest/gtest.h> ${winrm_common_headers})
  endif()
  target_precompile_headers(${target} REUSE_FROM test_headers)
endfunction()

# One test program per folder: winrm_test(unit_xml SOURCES … LINK …), run by ctest under its own name. With RECORDED its suites
# recorded_* are a test of their own, which ctest reports as skipped where ../shared/vectors is not beside the clone.
function(winrm_test name)
  cmake_parse_arguments(A "RECORDED" "TIMEOUT" "SOURCES;LINK" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(test_${name} ${A_SOURCES})
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/test)
  target_link_libraries(test_${name} PRIVATE winrm_options ${A_LINK} GTest::gtest_main)
  target_compile_options(test_${name} PRIVATE ${winrm_test_flags})
  winrm_precompile_test(test_${name})
  target_compile_definitions(test_${name} PRIVATE
    TEST_SOURCE_DIR="${PROJECT_SOURCE_DIR}/test" SHARED_VECTORS="${PROJECT_SOURCE_DIR}/../shared/vectors")
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  if(A_RECORDED)
    add_test(NAME ${name} COMMAND test_${name} --gtest_filter=-recorded_*)
    add_test(NAME recorded_${name} COMMAND test_${name} --gtest_filter=recorded_*)
    set_tests_properties(recorded_${name} PROPERTIES TIMEOUT ${A_TIMEOUT} LABELS unit SKIP_REGULAR_EXPRESSION "SKIPPED: no ../shared")
  else()
    add_test(NAME ${name} COMMAND test_${name})
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${A_TIMEOUT} LABELS unit)
endfunction()

# winrm_fuzzer(NAME LINK …): fuzz/NAME.cpp with seeds in fuzz/corpus/NAME.
function(winrm_fuzzer name)
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  add_executable(fuzz_${name} ${name}.cpp)
  target_include_directories(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(fuzz_${name} PRIVATE winrm_options ${A_LINK})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzzers fuzz_${name})
endfunction()
