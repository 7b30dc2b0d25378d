using System.Text;

namespace InverseScope.Sweeps;

/// <summary>Where the service that owns a home's store listens, in a file of the home: whoever finds the store taken learns by whom.</summary>
public static class ServiceAddress
{
    private const int LongestAddress = 200;

    /// <summary>Says where a service listens that has just begun to; where it cannot be said, it serves all the same.</summary>
    public static void Write(Home home, IEnumerable<string> addresses)
    {
        try
        {
            File.WriteAllText(FileOf(home), addresses.FirstOrDefault() ?? "", new UTF8Encoding(false));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It serves without it.
        }
    }

    /// <summary>Takes back what was said, for a service that ends.</summary>
    public static void Forget(Home home)
    {
        try
        {
            File.Delete(FileOf(home));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is only read where the store is taken.
        }
    }

    /// <summary>Null if none is known.</summary>
    public static Uri? Read(Home home)
    {
        try
        {
            var text = File.ReadAllText(FileOf(home)).Trim();
            return text.Length <= LongestAddress && Uri.TryCreate(text, UriKind.Absolute, out var address) ? address : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string FileOf(Home home) => Path.Combine(home.Path, "service.txt");
}
