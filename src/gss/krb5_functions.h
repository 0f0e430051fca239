// Functions of Kerberos' library that few logins need: looked up when one does.
#pragma once

#include <dlfcn.h>

namespace winrm::gss {

/// The library is open already (library.h) and stays so.
class krb5_functions
{
public:
    template <class Function> void find(const char* name, Function*& function)
    {
        function = handle_ != nullptr ? reinterpret_cast<Function*>(::dlsym(handle_, name)) : nullptr;
        whole_ = whole_ && function != nullptr;
    }
    /// All were found.
    [[nodiscard]] bool whole() const noexcept { return whole_; }

private:
    void* handle_ = ::dlopen("libkrb5.so.3", RTLD_LAZY | RTLD_LOCAL);
    bool whole_ = true;
};

} // namespace winrm::gss
