using InverseScope.Sweeps;

namespace InverseScope.Service.Tests.Mcp;

/// <summary>A home with the published model of additions; it goes with the test.</summary>
internal sealed class McpHome : IDisposable
{
    private readonly TempFolder _folder = new();

    public Home Home => new(_folder["home"]);

    public static McpHome WithAddition()
    {
        var home = new McpHome();
        var model = Directory.CreateDirectory(Path.Combine(home.Home.Models, "addition")).FullName;
        foreach (var file in Directory.GetFiles(Shared.Path("models/addition")))
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        return home;
    }

    public void Dispose() => _folder.Dispose();
}
