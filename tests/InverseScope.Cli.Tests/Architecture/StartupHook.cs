/// <summary>
/// Run by the runtime at the start of a program to which <c>DOTNET_STARTUP_HOOKS</c> names this assembly: the program writes down at its end which
/// assemblies it loaded. The runtime looks for it by this name.
/// </summary>
internal static class StartupHook
{
    /// <summary>Holds the file that is written.</summary>
    public const string Variable = "INVERSESCOPE_LOADED";

    public static void Initialize() => AppDomain.CurrentDomain.ProcessExit += (_, _) => File.WriteAllLines(
        Environment.GetEnvironmentVariable(Variable)!, AppDomain.CurrentDomain.GetAssemblies().Select(a => a.GetName().Name!));
}
