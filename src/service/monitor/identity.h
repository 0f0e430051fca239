// The account that logged in. Only the code that checked a password can make one.
#pragma once

#include <sys/types.h>

#include <string>

namespace winrm::service::monitor {

class identity
{
public:
    identity(identity&&) = default;
    identity& operator=(identity&&) = default;
    identity(const identity&) = default;
    identity& operator=(const identity&) = default;

    [[nodiscard]] uid_t uid() const noexcept { return uid_; }
    [[nodiscard]] gid_t gid() const noexcept { return gid_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const std::string& home() const noexcept { return home_; }
    [[nodiscard]] const std::string& shell() const noexcept { return shell_; }

private:
    friend class authenticator;
    identity(uid_t uid, gid_t gid, std::string name, std::string home, std::string shell)
        : uid_(uid), gid_(gid), name_(std::move(name)), home_(std::move(home)), shell_(std::move(shell))
    {}
    uid_t uid_;
    gid_t gid_;
    std::string name_, home_, shell_;
};

} // namespace winrm::service::monitor
