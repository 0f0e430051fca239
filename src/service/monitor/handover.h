// What a child that becomes our own program anew is told: a list of words in memory, as a descriptor. Such a child has
// nothing of the monitor's memory (keys, passwords of others) or environment, whatever modules run in it.
#pragma once

#include "base/secret.h"
#include "io/unique_fd.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace winrm::service::monitor {

/// The name by which our program is started says what it is.
inline constexpr const char *session_role = "winrmd-session", *login_role = "winrmd-login";
/// Its descriptors.
inline constexpr int role_control = 3, role_words = 4;

/// Words behind each other, each with its length before it; wiped when it goes.
class handover
{
public:
    void add(std::string_view word);
    void add(std::uint64_t number);
    /// @return  empty: no resources.
    [[nodiscard]] io::unique_fd descriptor() const;
    handover() = default;
    ~handover();
    handover(const handover&) = delete;
    handover& operator=(const handover&) = delete;

private:
    std::string words_;
};

/// The other end. After the first word that is not there, or is no number where one is wanted, nothing is good.
class taken_over
{
public:
    /// Reads all and closes it.
    explicit taken_over(int fd);
    ~taken_over();
    taken_over(const taken_over&) = delete;
    taken_over& operator=(const taken_over&) = delete;
    [[nodiscard]] std::string word();
    [[nodiscard]] std::uint64_t number();
    /// Every word was there, and none is left.
    [[nodiscard]] bool complete() const noexcept { return good_ && at_ == words_.size(); }
    [[nodiscard]] bool good() const noexcept { return good_; }

private:
    std::string words_;
    std::size_t at_ = 0;
    bool good_ = true;
};

/// In a child of fork: becomes our own program again, under that name, with two descriptors, the log, and an
/// environment of PATH and LANG. Signals are as they are.
[[noreturn]] void become_role(const char* role, int control, int words);

} // namespace winrm::service::monitor
