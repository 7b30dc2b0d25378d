using System.Runtime.Versioning;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace InverseScope.Service.Security;

/// <summary>The keys that cookies and forms are protected by, in the home, where nobody else on the machine can read them.</summary>
internal sealed class KeyFiles(DirectoryInfo folder) : FileSystemXmlRepository(folder, NullLoggerFactory.Instance)
{
    /// <param name="folder">Made if it is not there.</param>
    public static void Keep(IServiceCollection services, string folder)
    {
        if (OperatingSystem.IsWindows())
            System.IO.Directory.CreateDirectory(folder);
        else
            System.IO.Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        services.Configure<KeyManagementOptions>(keys => keys.XmlRepository = new KeyFiles(new DirectoryInfo(folder)));
    }

    public override void StoreElement(XElement element, string friendlyName)
    {
        base.StoreElement(element, friendlyName);
        if (!OperatingSystem.IsWindows())
            Close();
    }

    [UnsupportedOSPlatform("windows")]
    private void Close()
    {
        foreach (var file in Directory.EnumerateFiles())
            File.SetUnixFileMode(file.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
